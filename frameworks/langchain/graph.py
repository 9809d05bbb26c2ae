"""A LangGraph application whose conversations are in a chatstore, and not in its checkpoints."""

import sys
from datetime import timedelta
from typing import cast

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from chatstore.integrations.conversations import Conversations, open_conversation_store
from history import ChatStoreHistory
from scripted import ScriptedModel, find_films


def agent() -> CompiledStateGraph[MessagesState, None, MessagesState, MessagesState]:
    """A model that calls tools until it has an answer; compiled without a checkpointer."""
    model = ScriptedModel()
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([find_films]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition, {"tools": "tools", END: END})
    graph.add_edge("tools", "model")
    return graph.compile()


def turn(history: ChatStoreHistory, question: str) -> list[AnyMessage]:
    """Ask, with what was said before; keep what is new, as one write; the new messages."""
    before = cast("list[AnyMessage]", history.messages)
    state = agent().invoke({"messages": [*before, HumanMessage(question)]})
    new: list[AnyMessage] = state["messages"][len(before) :]
    history.add_messages(new)
    return new


if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else "sqlite:///chat.db"
    with open_conversation_store(url, ttl=timedelta(days=30)) as store:
        ana = ChatStoreHistory(Conversations(store), "ana", "ana-friday-night")
        for question in ("Something with superheroes?", "And older?"):
            print(turn(ana, question)[-1].text)
