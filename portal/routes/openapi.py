"""The portal's own description for scripts: an OpenAPI document, and a page that shows it.

A route says beside its view what it answers (`documented`); the document is put together from the URL map, so
a new route is in it as soon as it declares itself. Shapes are TypedDicts, the same ones the views build.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypeVar

import orjson
from flask import Blueprint, Flask, Response, current_app, render_template
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict

from portal.calls_query import NO_OPERATOR, UNKNOWN_RESULT, UNKNOWN_TYPE
from portal.context import SESSION_COOKIE
from portal.security import telephony
from portal.security.guard import need_of
from portal.security.needs import Access, Need, needs
from portal.security.telephony import TOKEN_HEADER as TELEPHONY_TOKEN
from services.accounts import Right
from services.calls import KNOWN_RESULTS, LONGEST_PHONE_SEARCH, Outcome
from services.errors import Reason
from services.live import SourceState

bp = Blueprint("openapi", __name__)

API_VERSION = "1.0"
#: A day the call log can be asked for; see `CallFilter`.
DAY_SCHEMA: Mapping[str, object] = {
    "type": "string",
    "format": "date",
    "pattern": "^(19[7-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}$",
}

_View = TypeVar("_View", bound=Callable[..., Any])
_ATTRIBUTE = "portal_operation"
_SCHEMA_PLACE = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value a caller may give. `schema` is JSON Schema; a place in the path is always required."""

    name: str
    place: Literal["query", "path"] = "query"
    description: str
    schema: Mapping[str, object]
    may_be_empty: bool = False  # `?name=` is the same as nothing
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What one status code means: a JSON body of the TypedDict `shape`, text of `media_type`, or no body."""

    description: str
    shape: Any = None
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # name and meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one route does. `form` are the fields of a POST.

    `answers` by status code; those for want of a session, a right or the portal database follow from the
    route's need and are added to it.
    """

    tag: str
    summary: str
    answers: Mapping[int, Answer]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    form: tuple[Parameter, ...] = ()
    method: Literal["get", "post"] = "get"


class Refusal(TypedDict):
    """Why there is no answer. Some refusals have more keys that name what was at fault."""

    success: Literal[False]
    error: str  # in the reader's language
    request_id: str


def refusal(description: str) -> Answer:
    """An answer that is none."""
    return Answer(description, Refusal)


def documented(operation: Operation) -> Callable[[_View], _View]:
    """Declare on a Flask view what the document says about it."""

    def declare(view: _View) -> _View:
        setattr(view, _ATTRIBUTE, operation)
        return view

    return declare


@bp.get("/api/openapi.json")
@needs(Access.LOGIN)
@documented(
    Operation(
        tag="Description",
        summary="This document",
        answers={200: Answer("An OpenAPI 3.1 document", dict[str, Any])},
    )
)
def document() -> Response:
    """Answer the OpenAPI document of this portal."""
    return Response(orjson.dumps(describe(current_app)), mimetype="application/json")


@bp.get("/api/docs")
@needs(Access.LOGIN)
@documented(
    Operation(
        tag="Description",
        summary="This document as a page",
        answers={200: Answer("A page to read it and to try the routes", media_type="text/html")},
    )
)
def viewer() -> str:
    """Show the document; viewer and document come from the portal itself."""
    return render_template("api-docs.html")


class Health(TypedDict):
    """The process lives."""

    status: Literal["ok"]


class Source(TypedDict):
    """How an outside system is."""

    state: SourceState
    reason: Reason | None
    age_seconds: float | None  # since its last answer
    remark: str | None  # what is not as it should be while it answers


class Readiness(TypedDict):
    """Whether the portal can work. `database` names the error when it cannot.

    `copied_share` tells how many of the days to be copied are, 0 to 1; null without a call-centre database.
    """

    status: Literal["ok", "unavailable"]
    database: str
    sources: dict[str, Source]
    copied_share: NotRequired[float | None]


_HEALTHZ = Operation(
    tag="Health", summary="Whether the process lives", answers={200: Answer("It lives", Health)}
)
_READYZ = Operation(
    tag="Health",
    summary="Whether the portal can work, and how each outside system is",
    answers={
        200: Answer("The portal works; an outside system may still be away", Readiness),
        503: Answer("The portal database cannot be reached", Readiness),
    },
)


def _condition(name: str, description: str, schema: Mapping[str, object]) -> Parameter:
    """One key of `portal.calls_query`."""
    return Parameter(name=name, description=description, schema=schema, may_be_empty=True)


def _texts(codes: Iterable[int]) -> list[str]:
    """Codes as a query has them."""
    return [str(code) for code in sorted(codes)]


_EXPORT = Operation(
    tag="Calls",
    summary="Calls under a filter as CSV",
    description="UTF-8 with a byte order mark; semicolons for Russian readers, commas for others. "
    "A parameter that is absent or empty filters nothing.",
    parameters=(
        _condition("from", "First day in the centre's zone; today when absent", DAY_SCHEMA),
        _condition("to", "Last day, included; the first day when absent", DAY_SCHEMA),
        _condition(
            "phone",
            "Any part of the number; punctuation does not matter",
            {
                "type": "string",
                "maxLength": LONGEST_PHONE_SEARCH,
                "pattern": r"^[^\x00]*[^\x00 \t\xa0\-–—()+./][^\x00]*$",
            },
        ),
        _condition(
            "operator",
            f"Id of the operator, or `{NO_OPERATOR}` for calls without one",
            {"type": "string", "pattern": f"^([1-9][0-9]{{0,9}}|{NO_OPERATOR})$"},
        ),
        _condition(
            "result",
            f"What the call's result amounts to, or its code, or `{UNKNOWN_RESULT}`",
            {"enum": [*(outcome.value for outcome in Outcome), *_texts(KNOWN_RESULTS), UNKNOWN_RESULT]},
        ),
        _condition(
            "type",
            f"Code of the call's type, or `{UNKNOWN_TYPE}`",
            {"type": "string", "pattern": f"^([0-9]{{1,9}}|{UNKNOWN_TYPE})$"},
        ),
        _condition("card", "1: with a client card; 0: without", {"enum": ["0", "1"]}),
        _condition("number", "With a phone number, or without", {"enum": ["known", "unknown"]}),
        _condition("hour", "Hour of the day in the centre's zone", {"enum": _texts(range(24))}),
        _condition("weekday", "1 Monday to 7 Sunday", {"enum": _texts(range(1, 8))}),
    ),
    answers={
        200: Answer("All calls that match, newest first", media_type="text/csv"),
        400: refusal("A parameter is malformed, or the period is reversed or too long"),
        503: refusal("The call-centre database cannot be reached and nothing is known"),
    },
)
#: Routes that are not for scripts in the first place, and are described here.
_BY_PATH: Mapping[str, Operation] = {
    "/healthz": _HEALTHZ,
    "/readyz": _READYZ,
    "/calls/export.csv": _EXPORT,
}


def describe(server: Flask) -> dict[str, object]:
    """The OpenAPI document of all routes of `server` that are documented."""
    routes = sorted(_routes(server), key=lambda route: route.path)
    shapes, components = _schemas(answer for route in routes for answer in route.answers.values())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Helpdesk Portal",
            "version": API_VERSION,
            "description": "Raw routes for scripts and other pages. Times are local to the call centre.",
        },
        "paths": {route.path: {route.operation.method: _described(route, shapes)} for route in routes},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE,
                    "description": "Given by POST /login with the form fields `username` and `password`",
                },
                "telephony": {
                    "type": "apiKey",
                    "in": "header",
                    "name": TELEPHONY_TOKEN,
                    "description": "The shared token, where one is configured, from the configured networks",
                },
            },
        },
    }


@dataclass(frozen=True, slots=True)
class _Route:
    """One path of the document."""

    path: str  # as OpenAPI writes it: /a/{b}
    operation: Operation
    need: Need | None

    @property
    def answers(self) -> dict[int, Answer]:
        """The declared answers and those that follow from the need."""
        implied = {}
        if self.need in telephony.NEEDS:
            implied[403] = refusal("Not from the configured networks, or without token, or without the right")
            implied[429] = refusal("Too many requests from this source")
            implied[503] = refusal("The portal database cannot be reached")
        elif self.need is not Access.PUBLIC:
            implied[401] = refusal("Nobody is logged in, or the session has ended")
            implied[503] = refusal("The portal database cannot be reached")
            if not self.path.startswith("/api/"):
                implied[303] = Answer("Instead of 401, for a browser that goes there: the way to the login")
        if isinstance(self.need, Right):
            implied[403] = refusal(f"The right `{self.need.value}` is missing")
        return dict(sorted((implied | dict(self.operation.answers)).items()))


def _routes(server: Flask) -> Iterator[_Route]:
    for rule in server.url_map.iter_rules():
        view = server.view_functions[rule.endpoint]
        operation: Operation | None = getattr(view, _ATTRIBUTE, None) or _BY_PATH.get(rule.rule)
        if operation is not None:
            yield _Route(
                re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), operation, need_of(server, rule.endpoint)
            )


class _Untitled(GenerateJsonSchema):
    """Without a title for each key, which would only repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _schemas(answers: Iterable[Answer]) -> tuple[Mapping[Any, object], object]:
    """The JSON Schema of each shape by the shape, and the named schemas they refer to."""
    shapes = list(dict.fromkeys(answer.shape for answer in answers if answer.shape is not None))
    found, definitions = TypeAdapter.json_schemas(
        [(place, "serialization", TypeAdapter(shape)) for place, shape in enumerate(shapes)],
        ref_template=_SCHEMA_PLACE,
        schema_generator=_Untitled,
    )
    by_shape = {shape: found[place, "serialization"] for place, shape in enumerate(shapes)}
    return by_shape, definitions.get("$defs", {})


def _described(route: _Route, shapes: Mapping[Any, object]) -> dict[str, object]:
    operation = route.operation
    return {
        "operationId": re.sub(r"\W+", "_", route.path).strip("_"),
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {str(code): _response(answer, shapes) for code, answer in route.answers.items()},
        **({"requestBody": _form(operation.form)} if operation.form else {}),
        "security": _proofs(route.need),
    }


def _proofs(need: Need | None) -> list[dict[str, list[str]]]:
    """Ways to be let in, any of which will do; none: everybody is."""
    if need is Access.PUBLIC:
        return []
    session: dict[str, list[str]] = {"session": []}
    return [{"telephony": []}, session] if need in telephony.NEEDS else [session]


def _form(fields: tuple[Parameter, ...]) -> dict[str, object]:
    schema = {
        "type": "object",
        "properties": {one.name: {**one.schema, "description": one.description} for one in fields},
        "required": [one.name for one in fields if one.is_required],
    }
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _parameter(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required or parameter.place == "path",
        **({"allowEmptyValue": True} if parameter.may_be_empty else {}),
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _response(answer: Answer, shapes: Mapping[Any, object]) -> dict[str, object]:
    described: dict[str, object] = {
        "description": answer.description,
        "headers": {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in answer.headers.items()
        },
    }
    if answer.shape is not None:
        described["content"] = {"application/json": {"schema": shapes[answer.shape]}}
    elif answer.media_type is not None:
        described["content"] = {answer.media_type: {"schema": {"type": "string"}}}
    return described
