"""What is installed: the distribution's name and version, and what brings a missing module."""

NAME = "chatstore-sessions"
"""The distribution, as installers know it. What is imported is called `chatstore`."""

EXTRAS = {
    "sqlalchemy": "sqlite",
    "psycopg": "postgresql",
    "redis": "redis",
    "boto3": "dynamodb",
    "botocore": "dynamodb",
    "typer": "cli",
    "rich": "cli",
    "pytest": "contract-tests",
}
"""The extra that brings each module."""


def installed_version() -> str:
    """The version of the distribution; "unknown" where the package lies without its metadata."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(NAME)
    except PackageNotFoundError:
        return "unknown"


def install_line(*extras: str) -> str:
    """The command that installs the distribution with these extras."""
    return f"pip install '{NAME}[{','.join(extras)}]'"


def needs(module: str | None) -> str:
    """That a module is missing, and the command that brings it if it is one of ours."""
    package = (module or "").partition(".")[0]
    if package in EXTRAS:
        return f"needs {package}: {install_line(EXTRAS[package])}"
    return f"needs the module {module}, which is not installed"
