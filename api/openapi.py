"""The interface's description: tags, and the problems each operation may answer with."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import BY_STATUS, KINDS, MEDIA_TYPE, Kind, Problem

TAGS = [
    {"name": "session", "description": "登录与退出 / logging in and out"},
    {"name": "leads", "description": "线索 / leads: lists, details, pictures, steps"},
    {"name": "map", "description": "地图 / leads and zones as GeoJSON"},
    {"name": "review", "description": "内业核查 / the desk of an analyst"},
    {"name": "layers", "description": "图层及版本 / layers and their editions"},
    {"name": "imagery", "description": "影像与运行 / scenes, runs and jobs"},
    {"name": "uploads", "description": "上传 / files of flights, by the tus protocol"},
    {"name": "flights", "description": "无人机飞行 / drone flights"},
    {"name": "missions", "description": "飞行任务 / flights that leads ask for"},
    {"name": "stac", "description": "影像目录 / scenes for other tools, by STAC"},
    {"name": "accounts", "description": "账号 / accounts"},
    {"name": "audit", "description": "访问日志 / who read which place"},
    {"name": "vocabulary", "description": "代码与名称 / names of all codes"},
    {"name": "health", "description": "运行状态 / whether it works"},
]

DESCRIPTION = """红线 Hongxian: 疑似问题线索 / leads on places where waste may have been dumped or
the ecological red line encroached on. A lead is a suspicion that orders the checking, no evidence.

Coordinates are degrees, longitude first; CGCS2000 is taken for WGS 84. Instants are UTC. Failures
are `application/problem+json`. Everything but `/healthz` and logging in needs an account."""

_KINDS: dict[int, Kind] = {**{kind.status: kind for kind in KINDS.values()}, **BY_STATUS}


def problems(*statuses: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation: what any may answer with, and `statuses`.

    `body`: it takes a body, which may be too large or no text.
    """
    wanted = {422, 500, 503, *statuses, *({400, 413} if body else ())}
    return {
        status: {"model": Problem, "description": f"{_KINDS[status].title} ({_KINDS[status].code})"}
        for status in sorted(wanted)
    }


ACCOUNT = (401, 403)
"""What every operation that needs an account may answer with."""


def describe(app: FastAPI) -> None:
    """Let `app` describe its problems by their true media type."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _told(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _told(app: FastAPI) -> dict[str, Any]:
    whole = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    for path in whole["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if int(status) >= 400:  # whatever the operation itself answers with
                    response["content"] = {MEDIA_TYPE: next(iter(content.values()))}
    return whole
