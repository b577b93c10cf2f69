"""Login, logout, change of password: pages without Dash, so that nothing of Dash is open to strangers."""

from datetime import UTC, datetime
from math import ceil

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import i18n
from portal.context import SESSION_COOKIE, csrf_token, current_person, is_secure, services, session_token
from portal.i18n import _
from portal.security.guard import LANGUAGE_COOKIE
from portal.security.needs import Access, needs
from portal.security.origin import local_target
from services.accounts import (
    Busy,
    Closed,
    Entered,
    HashingBusy,
    LoginResult,
    NotLocal,
    PasswordProblem,
    PasswordRejected,
    ProvidersDown,
    TooManyAttempts,
    WrongPassword,
)

bp = Blueprint("login", __name__)

REMEMBERED_S = 30 * 24 * 3600
LANGUAGE_S = 365 * 24 * 3600


@bp.get("/login")
@needs(Access.PUBLIC)
def form() -> BaseResponse:
    """Show the login page; `?lang=` chooses its language, `?next=` says where to go then."""
    chosen = request.args.get("lang")
    if chosen in i18n.LANGUAGES:
        i18n.use(chosen)
    target = local_target(request.args.get("next"))
    if current_person() is not None:
        return redirect(target, 303)
    response = _page(target)
    if chosen in i18n.LANGUAGES:
        _remember_language(response, chosen)
    return response


@bp.post("/login")
@needs(Access.PUBLIC)
def enter() -> BaseResponse:
    """Log in with the form fields `username` and `password`, and `remember` when ticked."""
    target = local_target(request.form.get("next"))
    login = request.form.get("username", "")
    result = services().accounts.log_in(
        login,
        request.form.get("password", ""),
        address=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", ""),
        remember="remember" in request.form,
    )
    if isinstance(result, Entered):
        services().accounts.log_out(session_token())  # a login never leaves an older session behind
        response = redirect(target, 303)
        _set_session(response, result.token, remembered="remember" in request.form)
        if result.person.language is not None:
            _remember_language(response, result.person.language)
        return response
    status, title, text = _refusal(result)
    return _page(target, login=login, title=title, text=text, status=status)


@bp.post("/logout")
@needs(Access.LOGIN)
def leave() -> BaseResponse:
    """End this session."""
    services().accounts.log_out(session_token())
    response = redirect(url_for("login.form"), 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@bp.get("/account/password")
@needs(Access.LOGIN)
def password_form() -> str:
    """Show the form that changes one's own password."""
    return render_template("password.html", csrf_token=csrf_token(), problem=None, done=False)


@bp.post("/account/password")
@needs(Access.LOGIN)
def change_password() -> tuple[str, int]:
    """Change one's own password; all other sessions of this person end."""
    problem = None if request.form.get("new") == request.form.get("again") else _("The new passwords differ.")
    if problem is None:
        problem = _changed(request.form.get("old", ""), request.form.get("new", ""))
    page = render_template("password.html", csrf_token=csrf_token(), problem=problem, done=problem is None)
    return page, 200 if problem is None else 422


@bp.post("/language")
@needs(Access.LOGIN)
def choose_language() -> BaseResponse:
    """Keep the language chosen in the frame (form field `language`); the page reloads itself then."""
    chosen = request.form.get("language")
    person = current_person()
    if chosen not in i18n.LANGUAGES or person is None:
        return Response(_("There is no such language."), 400)
    services().accounts.set_language(person.id, chosen)
    response = Response(status=204)
    _remember_language(response, chosen)
    return response


def _changed(old: str, new: str) -> str | None:
    """Change the password; the words of the problem, or None when it is done."""
    person = current_person()
    assert person is not None  # the guard let nobody else in
    try:
        services().accounts.change_password(person.id, old, new, keep_token=session_token())
    except WrongPassword:
        return _("The present password is not right.")
    except PasswordRejected as error:
        return {
            PasswordProblem.TOO_SHORT: _("The new password is too short: at least 10 characters."),
            PasswordProblem.TOO_LONG: _("The new password is too long."),
            PasswordProblem.LIKE_LOGIN: _("The new password is too much like the login."),
        }[error.problem]
    except TooManyAttempts as error:
        return _("Too many failed attempts.") + " " + _wait(error.until)
    except HashingBusy:
        return _("Too many logins at once.") + " " + _("Try again in a few seconds.")
    except NotLocal:
        return _("This password is kept in another system and cannot be changed here.")
    return None


def _wait(until: datetime) -> str:
    minutes = max(1, ceil((until - datetime.now(UTC)).total_seconds() / 60))
    return i18n.plural("Try again in {n} minute.", "Try again in {n} minutes.", minutes)


def _refusal(result: LoginResult) -> tuple[int, str, str]:
    """Status, title and text for a login that was not accepted."""
    if isinstance(result, Closed):
        return 429, _("Too many failed attempts."), _wait(result.until)
    if isinstance(result, Busy):
        return 503, _("Too many logins at once."), _("Try again in a few seconds.")
    if isinstance(result, ProvidersDown):
        return 503, _("The login cannot be checked now."), _("Try again in a few minutes.")
    return (
        401,
        _("Login or password is not right."),
        _("Check the keyboard layout and Caps Lock. After five failures the login closes for 5 minutes."),
    )


def _page(target: str, *, login: str = "", title: str = "", text: str = "", status: int = 200) -> Response:
    demo = services().settings.sandbox
    page = render_template("login.html", target=target, login=login, title=title, text=text, demo=demo)
    return make_response(page, status)


def _set_session(response: BaseResponse, token: str, *, remembered: bool) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=REMEMBERED_S if remembered else None,
        httponly=True,
        samesite="Lax",
        secure=is_secure(),
    )


def _remember_language(response: BaseResponse, chosen: str) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE, chosen, max_age=LANGUAGE_S, httponly=True, samesite="Lax", secure=is_secure()
    )
