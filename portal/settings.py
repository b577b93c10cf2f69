"""Settings: one typed, frozen object, read once at start from `config.ini` and the environment.

Any key can be set by environment as `PORTAL__SECTION__KEY` (upper case; `PORTAL__NETWORK__NAME__KEY` for one
target), or as a file by `PORTAL__SECTION__KEY_FILE`, whose content is the value. The environment wins.
A system whose section is missing is "not configured". `config.example.ini` documents every key.
"""

import os
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as IniError
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ENVIRONMENT_PREFIX = "PORTAL__"
FILE_SUFFIX = "_FILE"
#: Keys whose value is the name of a file, not its content.
_NAMES_OF_FILES = frozenset({"ca_file", "log_file"})


class SettingsError(Exception):
    """A wrong or missing value; each line of the message names section and key, never the value."""


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a name of the IANA time zone database, such as Europe/Moscow") from None


def _database_url(*kinds: str) -> AfterValidator:
    """A check that a value is a SQLAlchemy URL of one of these kinds of database."""

    def check(value: SecretStr) -> SecretStr:
        try:
            kind = make_url(value.get_secret_value()).get_backend_name()
        except (ArgumentError, ValueError):
            raise ValueError("not a SQLAlchemy database URL") from None
        if kind not in kinds:
            raise ValueError(f"not a database of the kind {' or '.join(kinds)}")
        return value

    return AfterValidator(check)


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an http:// or https:// address")
    return value.rstrip("/")


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("shorter than 32 characters")
    return value


def _listed(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())
    return value


def _filled(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("is empty; leave the key out instead")
    return value


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(part.strip()) for part in value.replace("\n", ",").split(",") if part.strip())
    except ValueError:
        raise ValueError("not networks such as 192.0.2.0/24, separated by commas") from None


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if value != f"{parts.scheme}://{parts.netloc}" or parts.scheme not in ("http", "https") or "*" in value:
        raise ValueError("not an origin such as https://finesse:8445")
    return value


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_origin(value) for value in values)


def _themes(values: tuple[str, ...]) -> tuple[str, ...]:
    # T_CALL_INFO.THEME takes 128 bytes; a theme that is cut is no longer the one that was chosen.
    if any(len(value.encode()) > 128 for value in values):
        raise ValueError("a theme is longer than 128 bytes in UTF-8")
    if len(set(values)) < len(values):
        raise ValueError("a theme is named twice")
    return values


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        seconds = timedelta(seconds=float(value))
    except (ValueError, OverflowError):
        raise ValueError("not a number of seconds") from None
    if seconds <= timedelta(0):
        raise ValueError("must be more than 0 seconds")
    return seconds


Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Secret = Annotated[SecretStr, AfterValidator(_filled)]
PortalDatabaseUrl = Annotated[SecretStr, _database_url("sqlite", "postgresql", "mysql", "mariadb")]
#: SQLite is what the sandbox stands in with.
MySqlUrl = Annotated[SecretStr, _database_url("mysql", "mariadb", "sqlite")]
OracleUrl = Annotated[SecretStr, _database_url("oracle", "sqlite")]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Themes = Annotated[Words, AfterValidator(_themes)]
Origins = Annotated[Words, AfterValidator(_origins)]
#: Goes into a statement as it is: the name of a sequence, with or without its schema.
SqlName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_$#]{0,127}(\.[A-Za-z][A-Za-z0-9_$#]{0,127})?$")]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)]
Seconds = Annotated[timedelta, BeforeValidator(_seconds)]
Port = Annotated[int, Field(ge=1, le=65535)]
Milliseconds = Annotated[int, Field(gt=0)]

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Section(BaseModel):
    """One section of the file. Unknown keys are refused: a typing mistake must not pass silently."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class PortalSection(Section):
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)]
    database_url: PortalDatabaseUrl
    host: str = "127.0.0.1"
    port: Port = 8050
    timezone: Zone = Field(default_factory=lambda: ZoneInfo("Europe/Moscow"))
    language: Literal["ru", "en"] = "ru"
    trusted_proxies: Networks = ()
    public_url: HttpUrl | None = None
    metrics_token: Secret | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    threads: Annotated[int, Field(ge=1, le=256)] = 8


class CallCentreSection(Section):
    database_url: MySqlUrl
    timezone: Zone = Field(default_factory=lambda: ZoneInfo("Europe/Moscow"))
    copy_days: Annotated[int, Field(ge=7, le=60)] = 8  # a week back is what today is compared with


class OracleSection(Section):
    database_url: OracleUrl


class SalesSection(OracleSection):
    sequence: SqlName | None = None
    region: Annotated[str, Field(min_length=1, max_length=3)] = "lt"
    timezone: Zone = Field(default_factory=lambda: ZoneInfo("Europe/Vilnius"))


class AgencyGatewaySection(Section):
    base_url: HttpUrl
    login: str
    password: Secret


class TelephonySection(Section):
    allow: Networks = Field(default=LOOPBACK)
    token: Secret | None = None
    themes: Themes = ()
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "LT"
    call_hours: Annotated[float, Field(gt=0, le=48)] = 4.0
    #: Pages of these origins may hold the card in a frame, e.g. the Finesse desktop.
    frame_origins: Origins = ()
    rate_per_second: Annotated[int, Field(ge=10)] = 500
    log_file: Path = Path("var/stat.log")
    log_megabytes: Annotated[int, Field(ge=1, le=1000)] = 10
    mask_numbers: bool = False


class FinesseSection(Section):
    base_url: HttpUrl
    secondary_url: HttpUrl | None = None
    ca_file: Path | None = None
    monitor_login: str | None = None
    monitor_password: Secret | None = None
    events: Literal["off", "tcp", "tls"] = "off"
    events_host: str | None = None
    events_port: Port | None = None
    interval: Seconds = timedelta(seconds=5)


class RedmineSection(Section):
    base_url: HttpUrl
    api_key: Secret
    database_url: MySqlUrl | None = None
    timezone: Zone = Field(default_factory=lambda: ZoneInfo("Europe/Moscow"))
    text_format: Literal["textile", "markdown", "common_mark"] = "textile"
    requester_field: str | None = None


class XmppSection(Section):
    jid: str
    password: Secret
    host: str | None = None
    port: Port = 5222
    ca_file: Path | None = None
    user_domain: str


class NetworkTarget(Section):
    host: str
    tcp_port: Port = 443
    browser_url: HttpUrl | None = None
    good_ms: Milliseconds = 100
    average_ms: Milliseconds = 200
    poor_ms: Milliseconds = 500

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not self.good_ms < self.average_ms < self.poor_ms:
            raise ValueError("good_ms, average_ms and poor_ms must grow in this order")
        return self


class NetworkSection(Section):
    interval: Seconds = timedelta(seconds=10)
    packets: Annotated[int, Field(ge=1, le=100)] = 10
    targets: dict[str, NetworkTarget] = Field(default_factory=dict)


class Settings(Section):
    """All that the configuration decides. A section that is None is "not configured"."""

    portal: PortalSection
    call_centre: CallCentreSection | None = None
    crm: OracleSection | None = None
    sales: SalesSection | None = None
    erp: OracleSection | None = None
    agency_gateway: AgencyGatewaySection | None = None
    telephony: TelephonySection | None = None
    finesse: FinesseSection | None = None
    redmine: RedmineSection | None = None
    xmpp: XmppSection | None = None
    network: NetworkSection | None = None
    #: Set by the launcher of the demo alone, never by a file: demo logins exist, only loopback is served.
    sandbox: bool = False


def read_settings(
    file: Path | None, environment: Mapping[str, str] = os.environ, *, sandbox: bool = False
) -> Settings:
    """Read `file` (None: the environment alone), lay the environment over it, and check everything.

    Raises:
        SettingsError: naming the section and key of everything that is wrong or missing.
    """
    values: dict[str, Any] = {} if file is None else _from_file(file)
    _lay_over(values, environment)
    if "targets" in values.get("network", {}):
        raise SettingsError(
            "[network] targets: there is no such key; each target is a section [network.NAME]"
        )
    for name in [name for name in values if name.startswith("network.")]:
        target = values.pop(name)
        values.setdefault("network", {}).setdefault("targets", {})[name.removeprefix("network.")] = target
    if "sandbox" in values:
        raise SettingsError("[sandbox]: there is no such section")
    values["sandbox"] = sandbox
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_complaints(error))) from None


def _from_file(file: Path) -> dict[str, Any]:
    # No interpolation: a percent sign in a password is a percent sign.
    parser = ConfigParser(interpolation=None)
    try:
        with file.open(encoding="utf-8") as lines:
            parser.read_file(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {type(error).__name__}") from None
    except IniError as error:
        # The parser's own message quotes the offending line, which may hold a secret.
        raise SettingsError(f"{file}: not an ini file, line {getattr(error, 'lineno', '?')}") from None
    return {section: dict(parser[section]) for section in parser.sections()}


def _lay_over(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    for variable, value in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        *section, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if not section or not key:
            raise SettingsError(f"{variable}: not of the form {ENVIRONMENT_PREFIX}SECTION__KEY")
        if key.endswith(FILE_SUFFIX.lower()) and key not in _NAMES_OF_FILES:
            key, value = key.removesuffix(FILE_SUFFIX.lower()), _content(variable, value)
        values.setdefault(".".join(section), {})[key] = value


def _content(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: its file cannot be read: {type(error).__name__}") from None


def _complaints(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        section, *rest = (str(part) for part in problem["loc"])
        if section == "network" and rest[:1] == ["targets"]:
            section, rest = f"network.{rest[1]}", rest[2:]
        unknown = "there is no such key" if rest else "there is no such section"
        words = {"missing": "is missing", "extra_forbidden": unknown}.get(
            problem["type"], problem["msg"].removeprefix("Value error, ")
        )
        # Behind the key, pydantic names the branch of a union it tried: of no use to a reader.
        lines.append(f"[{section}] {rest[0]}: {words}" if rest else f"[{section}]: {words}")
    return list(dict.fromkeys(lines))
