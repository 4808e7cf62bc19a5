"""One table from errors to HTTP: every failure is an `application/problem+json` (RFC 9457)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from geo.errors import (
    ChecksumError,
    ConflictError,
    EndedError,
    ForbiddenError,
    HeldError,
    HongxianError,
    InputError,
    LoginError,
    NotFoundError,
    StaleError,
    StoreError,
    TooLargeError,
    TransitionError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
"""When to ask again while the store is busy or gone."""
MOST_ERRORS = 20
"""Most wrong fields told at once."""

_log = logging.getLogger(__name__)


class WrongField(BaseModel):
    """One field that cannot be used."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    field: str
    """Where it is, for example `query.bbox` or `body.note`."""
    detail: str
    """What is wrong with it."""


class Problem(BaseModel):
    """What went wrong, after RFC 9457."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:hongxian:problem:stale",
                    "code": "stale",
                    "title": "内容已被他人更新",
                    "status": 412,
                    "detail": "lead 0123456789abcdef is at version 3, not 2: read it again",
                    "errors": [],
                }
            ]
        },
    )

    type: str
    """`urn:hongxian:problem:` and the code."""
    code: str
    """What programs tell problems apart by."""
    title: str
    """The kind of problem, in Chinese."""
    status: int
    """The HTTP status again."""
    detail: str
    """What was got and what to do, one line."""
    errors: list[WrongField] = []
    """The fields that cannot be used, where it is about fields."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of failure is told."""

    status: int
    """HTTP status."""
    code: str
    """What programs tell it by."""
    title: str
    """Chinese."""


INPUT = Kind(422, "input", "输入无法使用")
TOO_LARGE = Kind(413, "too_large", "请求过大")
MEDIA = Kind(415, "media_type", "不支持的内容类型")
BROKEN = Kind(500, "internal", "系统内部错误")

KINDS: Mapping[type[HongxianError], Kind] = {
    HongxianError: BROKEN,
    StoreError: Kind(503, "store", "数据库暂不可用"),
    ConflictError: Kind(409, "conflict", "与现有内容冲突"),
    TransitionError: Kind(409, "transition", "当前状态不允许此操作"),
    HeldError: Kind(423, "held", "正由另一连接写入"),
    StaleError: Kind(412, "stale", "内容已被他人更新"),
    LoginError: Kind(401, "login", "未登录或登录已失效"),
    ForbiddenError: Kind(403, "forbidden", "无权进行此操作"),
    NotFoundError: Kind(404, "not_found", "不存在或无权查看"),
    EndedError: Kind(410, "ended", "已结束"),
    TooLargeError: TOO_LARGE,
    ChecksumError: Kind(460, "checksum", "校验不符"),
    InputError: INPUT,
}
"""By error class; a class that is not here is told as its nearest parent."""

BY_STATUS: Mapping[int, Kind] = {
    400: Kind(400, "bad_request", "请求无法理解"),
    404: KINDS[NotFoundError],
    405: Kind(405, "method", "不支持的请求方法"),
    413: TOO_LARGE,
    415: MEDIA,
    507: Kind(507, "room", "存储空间不足"),
    416: Kind(416, "range", "请求的字节范围无法满足"),
}
"""What the web framework refuses by itself."""


def kind_of(error: HongxianError) -> Kind:
    """How an error is told."""
    return next(KINDS[parent] for parent in type(error).__mro__ if parent in KINDS)


def problem(
    kind: Kind, detail: str, errors: Sequence[WrongField] = (), headers: Mapping[str, str] = {}
) -> JSONResponse:
    """The answer for one failure."""
    body = Problem(
        type=f"urn:hongxian:problem:{kind.code}",
        code=kind.code,
        title=kind.title,
        status=kind.status,
        detail=" ".join(detail.split()),
        errors=list(errors),
    )
    more = dict(headers)
    if kind.status == 503:
        more["Retry-After"] = str(RETRY_AFTER_S)
    if kind.status == 401:
        more["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body.model_dump(), kind.status, more, media_type=MEDIA_TYPE)


def broken() -> JSONResponse:
    """The answer when we are at fault; the cause is in the server's log."""
    return problem(BROKEN, "the server failed; its log says why: repeat, or tell its operator")


def tell_problems(app: FastAPI) -> None:
    """Let `app` answer every failure as a problem."""
    app.add_exception_handler(HongxianError, _of_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_framework)


def _of_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HongxianError):
        raise error
    kind = kind_of(error)
    if kind.status == 500:
        _log.error("request failed", exc_info=error)
        return broken()
    return problem(kind, str(error))


def _of_validation(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [_wrong_field(one) for one in error.errors()[:MOST_ERRORS]]
    names = ", ".join(one.field for one in wrong)
    return problem(INPUT, f"cannot use {names}: see `errors`", wrong)


def _wrong_field(found: Mapping[str, Any]) -> WrongField:
    # what was sent is not echoed: it may be a password, or a megabyte
    field = ".".join(ascii(part).strip("'")[:64] for part in found["loc"])
    return WrongField(field=field, detail=str(found["msg"])[:500])


def _of_framework(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    kind = BY_STATUS.get(error.status_code, Kind(error.status_code, "http", "请求未被接受"))
    return problem(kind, str(error.detail), headers=error.headers or {})
