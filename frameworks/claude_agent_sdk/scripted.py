#!/usr/bin/env python3
"""A scripted command line in the place of Claude Code: no model, no network.

It speaks the stream that the SDK speaks with the real one, mirrors its transcripts, and resumes
from the file that the SDK puts there. For each prompt it uses a tool, asks a subagent where the
prompt says so, and answers with all prompts that its transcript has.
"""

import json
import os
import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entry = dict[str, Any]

CONFIG = os.environ.get("CLAUDE_CONFIG_DIR")
PROJECT = re.sub(r"[^a-zA-Z0-9]", "-", os.path.realpath("."))
PROJECT_DIR = Path(CONFIG or Path.home() / ".claude", "projects", PROJECT)


def main() -> None:
    """Answer what comes in, until nothing does."""
    if sys.argv[1:] == ["-v"]:
        sys.stdout.write("99.0.0 (scripted)\n")
        return
    session_id = _option("--resume") or _option("--session-id") or str(uuid.uuid4())
    transcript = Transcript(session_id)
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "control_request":
            response = {"subtype": "success", "request_id": message["request_id"], "response": {}}
            _say({"type": "control_response", "response": response})
        elif message["type"] == "user":
            _say({"type": "system", "subtype": "init", "claude_code_version": "99.0.0"})
            _turn(transcript, message["message"]["content"])


class Transcript:
    """The entries of one file, each mirrored as it is written."""

    def __init__(self, session_id: str, subpath: str = "") -> None:
        self.session_id = session_id
        name = f"{session_id}/{subpath}" if subpath else session_id
        self._path = PROJECT_DIR / f"{name}.jsonl"
        self.entries: list[Entry] = []
        if CONFIG and self._path.exists():
            lines = self._path.read_text(encoding="utf-8").splitlines()
            self.entries = [json.loads(line) for line in lines]

    def write(self, *entries: Entry) -> None:
        """Add entries; without a configuration directory only the mirror has them."""
        self.entries += entries
        if CONFIG:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(entry) + "\n" for entry in entries)
        _say({"type": "transcript_mirror", "filePath": str(self._path), "entries": entries})

    def message(self, role: str, content: Any) -> None:
        """Add a message, after the one before."""
        earlier = [entry["uuid"] for entry in self.entries if "uuid" in entry]
        entry = {
            "type": role,
            "uuid": str(uuid.uuid4()),
            "parentUuid": earlier[-1] if earlier else None,
            "sessionId": self.session_id,
            "timestamp": datetime.now(UTC).isoformat(),
            "message": {"role": role, "model": "scripted", "content": content},
        }
        self.write(entry)
        if role == "assistant":
            _say(entry | {"session_id": self.session_id, "parent_tool_use_id": None})

    def prompts(self) -> Iterator[str]:
        """What the user has said."""
        for entry in self.entries:
            if entry["type"] == "user" and isinstance(entry["message"]["content"], str):
                yield entry["message"]["content"]


def _turn(transcript: Transcript, prompt: str) -> None:
    transcript.message("user", prompt)
    tool_use = {"type": "tool_use", "id": f"toolu_{uuid.uuid4()}", "name": "Find", "input": {}}
    transcript.message("assistant", [tool_use])
    if "subagent" in prompt:
        subagent = Transcript(transcript.session_id, f"subagents/agent-{uuid.uuid4().hex}")
        subagent.write({"type": "agent_metadata", "agentType": "finder"})
        subagent.message("user", prompt)
        subagent.message("assistant", [{"type": "text", "text": "Found."}])
    found = {"type": "tool_result", "tool_use_id": tool_use["id"], "content": "7.0"}
    transcript.message("user", [found])
    answer = "You said: " + " | ".join(transcript.prompts())
    transcript.message("assistant", [{"type": "text", "text": answer}])
    transcript.write({"type": "last-prompt", "lastPrompt": prompt})
    _say(
        {
            "type": "result",
            "subtype": "success",
            "session_id": transcript.session_id,
            "result": answer,
            "is_error": False,
            "num_turns": 1,
            "duration_ms": 1,
            "duration_api_ms": 1,
        }
    )


def _option(name: str) -> str | None:
    """What stands after a name: `--resume=ID`, or as older versions of the SDK have it
    `--resume ID`."""
    words = " ".join(sys.argv[1:]).replace(f"{name}=", f"{name} ").split(" ")
    return words[words.index(name) + 1] if name in words else None


def _say(message: Entry) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
