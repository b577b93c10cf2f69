"""Settings from an ini file and the environment: each value typed, each mistake named, no secret shown."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr, ValidationError

from portal.settings import NetworkTarget, Section, Settings, SettingsError, read_settings

KEY = "k" * 40
PORTAL = f"[portal]\nsecret_key = {KEY}\ndatabase_url = sqlite:///portal.db\n"
SECRET = "Hush-Hush-0123456789-abcdefghijklmnop-%40%"
EXAMPLE = Path(__file__).parents[3] / "config.example.ini"

#: The least each section needs.
LEAST = {
    "portal": {"secret_key": KEY, "database_url": "sqlite:///portal.db"},
    "call_centre": {"database_url": "mysql+pymysql://reader:x@calls.example.com/calls"},
    "crm": {"database_url": "oracle+oracledb://crm.example.com"},
    "sales": {"database_url": "oracle+oracledb://sales.example.com"},
    "erp": {"database_url": "oracle+oracledb://erp.example.com"},
    "agency_gateway": {"base_url": "https://gateway.example.com", "login": "portal", "password": "x"},
    "telephony": {},
    "finesse": {"base_url": "https://finesse.example.com"},
    "redmine": {"base_url": "https://redmine.example.com", "api_key": "x"},
    "xmpp": {"jid": "portal@chat.example.com", "password": "x", "user_domain": "chat.example.com"},
    "network": {},
    "network.vpn": {"host": "vpn.example.com"},
}


def ini(sections: Mapping[str, Mapping[str, object]]) -> str:
    return "\n".join(
        f"[{name}]\n" + "\n".join(f"{key} = {value}" for key, value in keys.items())
        for name, keys in sections.items()
    )


@pytest.fixture
def read(tmp_path):
    """Read settings from text, with an environment of the test's own."""

    def read(text: str, environment: Mapping[str, str] | None = None, **options: bool) -> Settings:
        file = tmp_path / "config.ini"
        file.write_text(text, encoding="utf-8")
        return read_settings(file, environment or {}, **options)

    return read


@pytest.fixture
def complaint(read):
    """The complaint about a text."""

    def complaint(text: str, environment: Mapping[str, str] | None = None) -> str:
        with pytest.raises(SettingsError) as refused:
            read(text, environment)
        return str(refused.value)

    return complaint


def with_changes(section: str, **changes: object) -> str:
    """The least that `section` needs, with some keys changed; None takes a key away."""
    keys: dict[str, object] = {**LEAST[section], **changes}
    kept = {key: value for key, value in keys.items() if value is not None}
    sections = {section: kept} if section == "portal" else {"portal": LEAST["portal"], section: kept}
    return ini(sections)


def model_of(section: str) -> type[Section]:
    """The model behind a section's name."""
    if section.startswith("network."):
        return NetworkTarget
    annotation = Settings.model_fields[section].annotation
    found = [part for part in (annotation, *get_args(annotation)) if isinstance(part, type)]
    return next(part for part in found if issubclass(part, Section))


def is_secret(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(is_secret(part) for part in get_args(annotation))
    return annotation is SecretStr or SecretStr in get_args(annotation)


def secret_keys() -> Iterator[tuple[str, str]]:
    for section in LEAST:
        for key, field in model_of(section).model_fields.items():
            if is_secret(field.annotation):
                yield section, key


SECRETS = list(secret_keys())


def test_the_sections_of_these_tests_are_all_there_are():
    sections = Settings.model_fields.keys() - {"sandbox"}

    assert {name for name in LEAST if "." not in name} == sections


def test_the_secrets_of_these_tests_are_found():
    assert {("portal", "secret_key"), ("portal", "metrics_token"), ("xmpp", "password")} <= set(SECRETS)
    assert len(SECRETS) >= 13


@pytest.mark.parametrize("section", LEAST)
def test_every_key_that_sounds_like_a_secret_is_kept_as_one(section):
    sounds = re.compile("password|token|_key$|^database_url$")
    shown = {key for key in model_of(section).model_fields if sounds.search(key)}

    assert shown == {key for name, key in SECRETS if name == section}


@pytest.mark.parametrize("section", LEAST)
def test_a_section_with_what_it_needs_is_read(read, section):
    name, _dot, target = section.partition(".")

    settings = read(with_changes(section))

    assert isinstance(getattr(settings, name), model_of(name))
    if target:
        assert settings.network.targets[target].host == "vpn.example.com"


def test_a_missing_section_means_not_configured(read):
    settings = read(PORTAL)

    assert settings.call_centre is None
    assert [name for name in LEAST if name != "portal" and "." not in name and getattr(settings, name)] == []


def test_each_value_has_its_type(read):
    settings = read(
        PORTAL
        + """
        port = 8051
        timezone = Asia/Novosibirsk
        language = en
        trusted_proxies = 192.0.2.0/24, 2001:db8::/32
        public_url = https://portal.example.com/
        workers = 4
        [call_centre]
        database_url = mysql+pymysql://reader:p%40ss@calls.example.com/calls
        copy_days = 30
        [telephony]
        themes = Заявка, Оплата
            Жалоба
        [finesse]
        base_url = https://finesse.example.com:8445
        interval = 2.5
        ca_file = /etc/ssl/ca.pem
        """.replace("\n        ", "\n")
    )

    assert settings.portal.port == 8051
    assert settings.portal.timezone == ZoneInfo("Asia/Novosibirsk")
    assert settings.portal.trusted_proxies == (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    assert settings.portal.public_url == "https://portal.example.com"
    assert settings.call_centre.copy_days == 30
    assert settings.call_centre.database_url.get_secret_value().endswith(":p%40ss@calls.example.com/calls")
    assert settings.telephony.themes == ("Заявка", "Оплата", "Жалоба")
    assert settings.finesse.interval == timedelta(seconds=2.5)
    assert settings.finesse.ca_file == Path("/etc/ssl/ca.pem")


def test_defaults_are_those_that_are_documented(read):
    settings = read(PORTAL + "[call_centre]\ndatabase_url = sqlite:///x.db")

    assert (settings.portal.host, settings.portal.port) == ("127.0.0.1", 8050)
    assert (settings.portal.language, settings.portal.log_format) == ("ru", "text")
    assert settings.portal.timezone == settings.call_centre.timezone == ZoneInfo("Europe/Moscow")
    assert settings.call_centre.copy_days == 8
    assert settings.portal.trusted_proxies == ()
    assert settings.sandbox is False


def test_nothing_that_was_read_can_be_changed(read):
    settings = read(PORTAL)

    with pytest.raises(ValidationError):
        settings.portal.port = 1  # type: ignore[misc]


# Mistakes

WRONG = [
    ("portal", "secret_key", None),
    ("portal", "secret_key", "short"),
    ("portal", "secret_key", ""),
    ("portal", "database_url", None),
    ("portal", "database_url", "no url at all"),
    ("portal", "database_url", "mysql://db.example.com:port/x"),
    ("portal", "port", "eighty"),
    ("portal", "port", "0"),
    ("portal", "port", "65536"),
    ("portal", "port", "80.5"),
    ("portal", "port", ""),
    ("portal", "timezone", "Moscow"),
    ("portal", "timezone", "Europe"),
    ("portal", "timezone", "../../etc/passwd"),
    ("portal", "timezone", ""),
    ("portal", "language", "de"),
    ("portal", "trusted_proxies", "everybody"),
    ("portal", "trusted_proxies", "192.0.2.1/33"),
    ("portal", "trusted_proxies", "192.0.2.1/24"),
    ("portal", "public_url", "portal.example.com"),
    ("portal", "public_url", "ftp://portal.example.com"),
    ("portal", "public_url", "https://"),
    ("portal", "metrics_token", ""),
    ("portal", "log_level", "loud"),
    ("portal", "log_format", "xml"),
    ("portal", "workers", "0"),
    ("portal", "threads", "1000"),
    ("call_centre", "database_url", None),
    ("call_centre", "copy_days", "6"),
    ("call_centre", "copy_days", "61"),
    ("call_centre", "timezone", "Nowhere/Land"),
    ("crm", "database_url", None),
    ("sales", "region", "long"),
    ("erp", "database_url", None),
    ("agency_gateway", "password", None),
    ("agency_gateway", "password", ""),
    ("agency_gateway", "base_url", "gateway"),
    ("telephony", "allow", "10.0.0.0/99"),
    ("telephony", "token", ""),
    ("telephony", "country", "lithuania"),
    ("finesse", "base_url", None),
    ("finesse", "events", "maybe"),
    ("finesse", "events_port", "70000"),
    ("finesse", "interval", "soon"),
    ("finesse", "interval", "0"),
    ("finesse", "interval", "-1"),
    ("finesse", "interval", "inf"),
    ("finesse", "interval", "nan"),
    ("redmine", "api_key", None),
    ("redmine", "text_format", "html"),
    ("redmine", "database_url", "nothing"),
    ("xmpp", "user_domain", None),
    ("xmpp", "port", "x"),
    ("network", "packets", "0"),
    ("network", "interval", "often"),
    ("network.vpn", "host", None),
    ("network.vpn", "tcp_port", "0"),
    ("network.vpn", "good_ms", "0"),
    ("network.vpn", "browser_url", "vpn"),
]


@pytest.mark.parametrize(("section", "key", "value"), WRONG)
def test_a_wrong_or_missing_value_is_named_by_section_and_key(complaint, section, key, value):
    said = complaint(with_changes(section, **{key: value}))

    assert re.search(rf"^\[{re.escape(section)}\] {key}: \w", said), said
    assert said.count("\n") == 0


@pytest.mark.parametrize(
    ("section", "key"), sorted({(section, key) for section, key, _value in WRONG} - {*SECRETS})
)
def test_a_wrong_value_is_not_shown_it_may_be_a_secret_in_the_wrong_line(complaint, section, key):
    if model_of(section).model_fields[key].annotation is not str:
        assert SECRET not in complaint(with_changes(section, **{key: SECRET}))


def test_limits_of_a_target_that_do_not_grow_are_named(complaint):
    assert complaint(with_changes("network.vpn", good_ms=300, average_ms=200)).startswith("[network.vpn]: ")


def test_everything_that_is_wrong_is_said_at_once(complaint):
    said = complaint(ini({"portal": {"port": "x"}, "call_centre": {}, "network.vpn": {}}))

    assert [line.split(": ")[0] for line in said.splitlines()] == [
        "[portal] secret_key",
        "[portal] database_url",
        "[portal] port",
        "[call_centre] database_url",
        "[network.vpn] host",
    ]


def test_a_file_without_the_portals_own_section_is_refused(complaint):
    assert complaint("[telephony]\n") == "[portal]: is missing"


@pytest.mark.parametrize("section", LEAST)
def test_an_unknown_key_is_named(complaint, section):
    assert complaint(with_changes(section, prot="8050")) == f"[{section}] prot: there is no such key"


@pytest.mark.parametrize("section", ["colour", "Portal", "networks.vpn", "portal.x"])
def test_an_unknown_section_is_named(complaint, section):
    assert complaint(PORTAL + f"[{section}]\nx = 1") == f"[{section}]: there is no such section"


def test_targets_are_sections_and_no_key(complaint):
    assert complaint(PORTAL + "[network]\ntargets = vpn").startswith("[network] targets: ")
    assert complaint(with_changes("network.vpn") + "\n[network]\ntargets = x").startswith(
        "[network] targets: "
    )


@pytest.mark.parametrize("value", ["yes", "true", "1"])
def test_no_file_and_no_variable_turns_the_portal_into_a_demo(complaint, value):
    assert complaint(PORTAL + f"[sandbox]\nenabled = {value}").startswith("[sandbox]: ")
    assert complaint(PORTAL, {"PORTAL__SANDBOX__ENABLED": value}).startswith("[sandbox]: ")
    assert complaint(PORTAL, {"PORTAL__SANDBOX": value}).startswith("PORTAL__SANDBOX: ")


@pytest.mark.parametrize(
    "text",
    [
        "secret_key = HUSH",
        "[portal\nsecret_key = HUSH",
        "[portal]\nHUSH",
        PORTAL + "port = 1\nport = HUSH",
        PORTAL * 2,
    ],
)
def test_a_file_that_is_no_ini_is_refused_without_quoting_it(complaint, text):
    said = complaint(text)

    assert "not an ini file, line" in said
    assert "HUSH" not in said
    assert KEY not in said


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.ini: cannot be read"):
        read_settings(tmp_path / "absent.ini", {})


def test_a_file_in_another_encoding_is_refused(tmp_path):
    file = tmp_path / "config.ini"
    file.write_bytes((PORTAL + "language = рус").encode("cp1251"))

    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(file, {})


# Environment


def test_the_environment_wins_over_the_file(read):
    settings = read(PORTAL + "port = 8051", {"PORTAL__PORTAL__PORT": "8052"})

    assert settings.portal.port == 8052


def test_the_environment_alone_is_enough():
    settings = read_settings(
        None,
        {"PORTAL__PORTAL__SECRET_KEY": KEY, "PORTAL__PORTAL__DATABASE_URL": "sqlite:///x.db", "PATH": "/bin"},
    )

    assert settings.portal.secret_key.get_secret_value() == KEY


def test_the_environment_adds_a_section_and_targets(read):
    settings = read(
        PORTAL + "[network.vpn]\nhost = vpn.example.com",
        {
            "PORTAL__CALL_CENTRE__DATABASE_URL": "sqlite:///calls.db",
            "PORTAL__NETWORK__PACKETS": "5",
            "PORTAL__NETWORK__VPN__TCP_PORT": "8443",
            "PORTAL__NETWORK__MAIL__HOST": "mail.example.com",
        },
    )

    assert settings.call_centre is not None
    assert settings.network.packets == 5
    assert settings.network.targets["vpn"].tcp_port == 8443
    assert settings.network.targets["mail"].host == "mail.example.com"


def test_a_value_may_be_a_file(read, tmp_path):
    (tmp_path / "key").write_text(f"{SECRET}\n")

    settings = read(PORTAL, {"PORTAL__PORTAL__SECRET_KEY_FILE": str(tmp_path / "key")})

    assert settings.portal.secret_key.get_secret_value() == SECRET


def test_a_file_for_a_value_that_cannot_be_read_is_named_by_its_variable(complaint, tmp_path):
    said = complaint(PORTAL, {"PORTAL__PORTAL__SECRET_KEY_FILE": str(tmp_path / "absent")})

    assert said.startswith("PORTAL__PORTAL__SECRET_KEY_FILE: its file cannot be read")


def test_a_key_that_ends_in_file_is_still_a_key(read, tmp_path):
    (tmp_path / "where").write_text("/etc/ssl/other.pem\n")
    text = with_changes("finesse")

    by_value = read(text, {"PORTAL__FINESSE__CA_FILE": "/etc/ssl/ca.pem"})
    by_file = read(text, {"PORTAL__FINESSE__CA_FILE_FILE": str(tmp_path / "where")})

    assert by_value.finesse.ca_file == Path("/etc/ssl/ca.pem")
    assert by_file.finesse.ca_file == Path("/etc/ssl/other.pem")


@pytest.mark.parametrize("variable", ["PORTAL__PORTAL", "PORTAL__", "PORTAL__X", "PORTAL__PORTAL__"])
def test_a_variable_of_another_form_is_named(complaint, variable):
    assert complaint(PORTAL, {variable: "x"}).startswith(f"{variable}: ")


def test_a_wrong_value_of_the_environment_is_named_like_one_of_the_file(complaint):
    assert complaint(PORTAL, {"PORTAL__PORTAL__PORT": "x"}).startswith("[portal] port: ")


def test_a_percent_sign_is_a_percent_sign(read):
    assert (
        read(with_changes("redmine", api_key="50%(x)s%%")).redmine.api_key.get_secret_value() == "50%(x)s%%"
    )


# Secrets


def secret_value(section: str, key: str) -> str:
    if key != "database_url":
        return SECRET
    driver = "oracle+oracledb" if section in ("crm", "sales", "erp") else "mysql+pymysql"
    return f"{driver}://u:{SECRET}@db.example.com/x"


@pytest.mark.parametrize(("section", "key"), SECRETS)
def test_a_secret_is_shown_by_nothing_that_shows_settings(read, section, key):
    settings = read(with_changes(section, **{key: secret_value(section, key)}))

    shown = [
        repr(settings),
        str(settings),
        f"{settings!r}",
        settings.model_dump_json(),
        str(settings.model_dump()),
    ]
    shown += [repr(getattr(settings, section)), str(getattr(settings, section).__dict__)]
    assert [text for text in shown if "Hush" in text] == []


@pytest.mark.parametrize(("section", "key"), SECRETS)
def test_a_secret_is_not_in_a_complaint_about_its_section(complaint, section, key):
    said = complaint(with_changes(section, **{key: secret_value(section, key), "no_such_key": SECRET}))

    assert "Hush" not in said


@pytest.mark.parametrize(("section", "key"), [one for one in SECRETS if one[1] == "database_url"])
def test_a_database_url_that_is_none_is_not_shown(complaint, section, key):
    assert "Hush" not in complaint(with_changes(section, **{key: f"mysql://u:{SECRET}@db:port/x"}))


def test_a_secret_key_that_is_too_short_is_not_shown(complaint):
    assert "Hush" not in complaint(with_changes("portal", secret_key="Hush"))


@pytest.mark.parametrize(("section", "key"), SECRETS)
def test_no_secret_has_a_default(section, key):
    field = model_of(section).model_fields[key]

    assert field.is_required() or field.default is None


@pytest.mark.parametrize(("section", "key"), SECRETS)
def test_an_empty_secret_is_refused(complaint, section, key):
    """An empty token would be one that everybody knows."""
    assert complaint(with_changes(section, **{key: ""})).startswith(f"[{section}] {key}: ")


def test_the_cause_of_a_refusal_is_not_kept_either(read):
    with pytest.raises(SettingsError) as refused:
        read(with_changes("portal", secret_key="Hush"))

    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


# The example

_SECTION = re.compile(r"\[([a-z_.]+)\]")
_KEY = re.compile(r"([a-z_]+) =( .*)?")


def example_lines() -> Iterator[tuple[str, str, str]]:
    """Section, key and value of each key in the example, those behind a semicolon included."""
    section = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        bare = line.removeprefix("; ")
        if found := _SECTION.fullmatch(bare):
            section = found.group(1)
        elif found := _KEY.fullmatch(bare):
            yield section, found.group(1), (found.group(2) or "").strip()


def test_the_example_documents_every_key_of_every_section_and_no_other():
    documented = {(section, key) for section, key, _value in example_lines()}
    known = {
        (section if section != "network.vpn" else "network.finesse", key)
        for section in LEAST
        for key in model_of(section).model_fields
        if (section, key) != ("network", "targets")
    }

    assert documented == known


def test_the_example_names_no_key_twice():
    keys = [(section, key) for section, key, _value in example_lines()]

    assert len(keys) == len(set(keys))


def test_the_example_is_read_with_every_key_uncommented_and_a_key_made(read):
    sections: dict[str, dict[str, object]] = {}
    for section, key, value in example_lines():
        sections.setdefault(section, {})[key] = value
    sections["portal"]["secret_key"] = KEY

    settings = read(ini(sections))

    assert [name for name in Settings.model_fields if getattr(settings, name) is None] == []


def test_the_example_as_it_is_lacks_nothing_but_the_key(complaint):
    said = complaint(EXAMPLE.read_text(encoding="utf-8"))

    assert said == "[portal] secret_key: shorter than 32 characters"


def test_the_example_tells_the_true_defaults(read):
    """A key behind a semicolon is said to have this default, unless it has none."""
    told = {
        (section, key): value
        for section, key, value in example_lines()
        if section != "network.finesse" and not model_of(section).model_fields[key].is_required()
    }
    least = {name: keys for name, keys in LEAST.items() if "." not in name}
    settings = read(ini(least))

    for (section, key), value in told.items():
        default = getattr(getattr(settings, section), key)
        if default in (None, ()):
            continue
        as_told = read(ini({**least, section: {**least[section], key: value}}))
        assert getattr(getattr(as_told, section), key) == default, (section, key)


def test_the_example_holds_no_secret_that_works(complaint):
    given = [value for _section, key, value in example_lines() if key == "secret_key"]

    assert given == [""]
