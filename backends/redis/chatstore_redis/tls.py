"""What goes wrong with TLS: which faults no retry mends, and what does."""

import os
import re
import ssl
from pathlib import Path

from chatstore.errors import BackendAuthError, ChatStoreError, ConfigurationError

_REFUSES_US = re.compile("ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)")
_SPEAKS_OTHERWISE = re.compile(
    "WRONG_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|NO_SHARED_CIPHER|NO_CIPHERS|PROTOCOL_VERSION"
    "|HTTP_REQUEST|UNKNOWN_PROTOCOL|INSUFFICIENT_SECURITY|RECORD_LAYER_FAILURE"
)
_OF_FILES = re.compile("PEM|X509|ASN1|NO_CERTIFICATE|KEY_VALUES|NO_START_LINE|KEY_TYPE|BAD_DECRYPT")


def tls_fault(error: BaseException) -> ChatStoreError | None:
    """The typed error, without its place, if TLS failed in a way that stays; else None."""
    for each in _causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return ConfigurationError(
                f"the server's certificate is not to be trusted: {each.verify_message}; name its "
                "authority (ssl_ca_certs), use the host's name in the certificate, or give the "
                "server another"
            )
        if isinstance(each, ssl.CertificateError):
            return ConfigurationError("the server's certificate does not fit its host")
        if isinstance(each, ssl.SSLError):
            reason = str(each.reason or "").upper().replace(" ", "_")
            if _REFUSES_US.search(reason):
                return BackendAuthError(
                    "the server refused this client's certificate, or asks for one "
                    f"(ssl_certfile, ssl_keyfile): {reason}"
                )
            if _SPEAKS_OTHERWISE.search(reason):
                return ConfigurationError(
                    f"the server does not speak TLS as this client does: {reason}; is it one of "
                    "redis:// and not of rediss://?"
                )
    return None


def wrapping_fault(error: OSError | ValueError) -> ChatStoreError | None:
    """The typed error if TLS could not even begin, for want of the files or options it needs."""
    if isinstance(error, ssl.SSLError):
        reason = str(error.reason or error).upper().replace(" ", "_")
        is_ours = error.library in ("PEM", "X509", "ASN1") or bool(_OF_FILES.search(reason))
        if (
            is_ours
            and not isinstance(error, ssl.SSLCertVerificationError)
            and ("ALERT" not in reason)
        ):
            return ConfigurationError(f"the client's certificate files can't be used: {reason}")
        return None
    if isinstance(error, ConnectionError | TimeoutError):
        return None
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | ValueError):
        said = error.strerror if isinstance(error, OSError) else type(error).__name__
        return ConfigurationError(f"the client's certificate files can't be used: {said}")
    return None


def require_files(ca_certs: str | None, certfile: str | None, keyfile: str | None) -> None:
    """Raise `ConfigurationError` unless TLS can use these files."""
    for option, path in (
        ("ssl_ca_certs", ca_certs),
        ("ssl_certfile", certfile),
        ("ssl_keyfile", keyfile),
    ):
        if path is not None:
            _require_readable(option, path)
    if keyfile is not None and certfile is None:
        raise ConfigurationError("ssl_keyfile in the URL needs ssl_certfile beside it")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if ca_certs is not None:
            context.load_verify_locations(cafile=ca_certs)
    except (OSError, ValueError):
        raise ConfigurationError("ssl_ca_certs in the URL names no file of certificates") from None
    try:
        if certfile is not None:
            # Without this, OpenSSL would ask for a password at the terminal.
            context.load_cert_chain(certfile, keyfile, password=_no_password)
    except (OSError, ValueError):
        raise ConfigurationError(
            "ssl_certfile and ssl_keyfile in the URL must name a certificate and its key, in PEM "
            "and without a password"
        ) from None


def _require_readable(option: str, path: str) -> None:
    # Opening something else than a file may wait for ever.
    if not Path(path).is_file():
        raise ConfigurationError(f"{option} in the URL must name a file, and there is none")
    if not os.access(path, os.R_OK):
        raise ConfigurationError(f"{option} in the URL must name a file that may be read")


def _no_password() -> bytes:
    raise ValueError("the key is encrypted")


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found
