"""What a team would write by hand: the function of the Confluence service (`/health`, a search proxied to the vendor) on FastAPI.

Run by `benches/backend` under uvicorn with one worker, uvloop and httptools, without an access log. As the service it stands beside, it
checks the request, sends Basic credentials and CQL, keeps connections to the vendor open, and turns what comes back into the common shape.
"""
import html
import os
import re
import time
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

BASE = os.environ["CONFLUENCE_URL"]
STARTED = time.monotonic()
MARK = re.compile(r"@@@(?:end)?hl@@@|<[^>]*>")


class Search(BaseModel):
    query: str = Field(min_length=1, max_length=1000)
    limit: int = Field(default=10, ge=1, le=100)
    filters: dict = {}


class Hit(BaseModel):
    id: str
    title: str
    content: str
    url: str
    source: str
    score: float
    metadata: dict


@asynccontextmanager
async def lifespan(app):
    login = (os.environ["CONFLUENCE_USERNAME"], os.environ["CONFLUENCE_TOKEN"])
    async with httpx.AsyncClient(base_url=BASE, auth=login, timeout=8) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


def plain(text):
    return " ".join(html.unescape(MARK.sub("", text)).split())


@app.get("/health")
async def health():
    return {"status": "healthy", "service": "confluence", "version": "1", "uptime_seconds": int(time.monotonic() - STARTED), "configured": True}


@app.post("/search")
async def search(request: Search) -> list[Hit]:
    words = re.sub(r'([+\-&|!(){}\[\]^"~*?:\\/])', r"\\\1", request.query).replace("\\", "\\\\")
    parameters = {"cql": f'siteSearch ~ "{words}"', "limit": request.limit}
    try:
        answer = await app.state.client.get("/wiki/rest/api/search", params=parameters)
    except httpx.HTTPError as error:
        raise HTTPException(502, "confluence cannot be reached") from error
    if answer.status_code != 200:
        raise HTTPException(502, f"confluence answered {answer.status_code}")
    body = answer.json()
    base = body["_links"]["base"]
    return [
        Hit(
            id=found["content"]["id"], title=plain(found["title"]), content=plain(found["excerpt"]), url=base + found["url"], source="confluence",
            score=10 / (10 + rank), metadata={"type": found["content"]["type"], "space": found["resultGlobalContainer"]["title"], "updated": found["lastModified"]},
        )
        for rank, found in enumerate(body["results"][: request.limit])
    ]
