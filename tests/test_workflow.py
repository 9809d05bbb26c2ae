"""What runs before a change lands is the same wherever it runs: in `.ci/run`, on the forge, and in
the hooks of a commit."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # the types of one parser are no need of ours

ROOT = Path(__file__).parent.parent
SCRIPT = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
)
JOBS = sorted(WORKFLOW["jobs"])
_COMMAND = re.compile(r"(?<![\w/.-])(?:make(?: --silent)? [a-z-]+|scripts/servers [a-z]+)")
_TRAP = re.compile(r"^trap '(.*)' EXIT$", re.MULTILINE)


def commands(script: str) -> list[str]:
    """What a shell script runs of the repository's own, in its order; what it traps comes last."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines)
    return _COMMAND.findall("\n".join([_TRAP.sub("", text), *_TRAP.findall(text)]))


def steps(job: str) -> list[dict[str, Any]]:
    """The steps of one of the workflow's jobs."""
    found: list[dict[str, Any]] = WORKFLOW["jobs"][job]["steps"]
    return found


def run_by(job: str) -> list[str]:
    """What a job runs of the repository's own, in its order."""
    return [each for step in steps(job) for each in commands(step.get("run", ""))]


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, with the folder of programs spelt out."""
    (found,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return [
        line.strip().removeprefix("@").replace("$(BIN)", ".venv/bin")
        for line in found.split("\n")
        if line
    ]


def test_the_workflow_runs_what_the_script_runs() -> None:
    """The forge runs the commands of `.ci/run`, all of them, in the same order, and demands the
    same engines."""
    assert commands(SCRIPT)[:1] == ["make check"]
    assert commands(SCRIPT)[-1:] == ["scripts/servers down"]
    assert run_by("checks") == commands(SCRIPT)
    (demanded,) = re.findall(r"^export CHATSTORE_REQUIRE=(\S+)$", SCRIPT, re.MULTILINE)
    settings = [step["env"] for step in steps("checks") if "env" in step]
    assert settings == [{"CHATSTORE_REQUIRE": demanded}]


@pytest.mark.parametrize("job", JOBS)
def test_every_make_target_of_the_workflow_exists(job: str) -> None:
    """What a job asks make for is in the Makefile."""
    targets = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    asked = [each.split()[-1] for each in run_by(job) if each.startswith("make")]
    assert asked
    assert set(asked) <= set(targets)


@pytest.mark.parametrize("job", JOBS)
def test_servers_are_stopped_whatever_happens(job: str) -> None:
    """Whichever step fails, the servers that a job started are stopped."""
    assert run_by(job)[-1] == "scripts/servers down"
    assert steps(job)[-1]["if"] == "always()"


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_do_little_and_ends(job: str) -> None:
    """A job may read the repository and nothing else, keeps no credentials, and has a time at which
    it is stopped. What it uses of others is pinned to a major version."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in WORKFLOW["jobs"][job]
    assert 0 < WORKFLOW["jobs"][job]["timeout-minutes"] <= 120
    used = {step["uses"]: step.get("with", {}) for step in steps(job) if "uses" in step}
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/(checkout|setup-python)@v\d+", each) for each in used)
    (checkout,) = (given for name, given in used.items() if "checkout" in name)
    assert checkout == {"persist-credentials": False}


def test_a_commit_s_hooks_are_of_make_check() -> None:
    """Each hook runs a line of `make check`, from the virtual environment, and fetches nothing."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for each in config["repos"] for hook in each["hooks"]]
    assert [each["repo"] for each in config["repos"]] == ["local"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["entry"] for hook in hooks] == recipe("check")[: len(hooks)]
