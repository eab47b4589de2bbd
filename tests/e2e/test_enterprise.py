"""`qe-action run` on a GitHub of one's own: addresses, certificates, the proxy before it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from fake_github import FakeGitHub
from fake_github import strict as api_description
from fake_github.git import GitSide
from fake_github.wire import Recorded, RefusalError
from job import Job
from proxy import Proxy
from runner import Result
from tls import Authority

SERVER = "https://ghe.example.test"
PREFIX = "/api/v3"
HOST = "ghe.example.test"
PATCH_70 = "Patch 70%, project 81.8%"


class Enterprise(FakeGitHub):
    """GitHub Enterprise Server: its API is below a path, and behind TLS where asked."""

    certificate: Path | None = None

    def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        super().start(port, host)
        assert self._server is not None
        self.port = self._server.server_port
        scheme = "http"
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.port}{PREFIX}"
        return self

    def serve(self, request: Recorded) -> bool:
        if not request.path.startswith(f"{PREFIX}/"):
            self.requests.append(request)
            self._finish(request, RefusalError(404, "Not Found"))
            return True
        request.path = request.path.removeprefix(PREFIX)
        return super().serve(request)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def job_at(tmp_path: Path, github: FakeGitHub) -> Job:
    job = Job(tmp_path, github)
    job.report({2, 3, 7})
    github.git = GitSide(job.repo.root)
    return job


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    with Enterprise() as github:
        yield job_at(tmp_path, github)
    if not api_description.missing():
        assert api_description.problems(github.requests) == []


@pytest.fixture
def secure(tmp_path: Path, authority: Authority) -> Iterator[Job]:
    """GitHub behind TLS, its certificate from a private authority."""
    github = Enterprise()
    github.certificate = authority.certificate("127.0.0.1")
    with github:
        yield job_at(tmp_path, github)


def run(job: Job, **env: str) -> Result:
    return job.run(env={"GITHUB_SERVER_URL": SERVER, **env})


def assert_delivered(job: Job, result: Result) -> None:
    assert result.status == 0, result.log
    assert (job.check.data["status"], job.check.data["conclusion"]) == ("completed", "success")
    assert job.check.data["output"]["title"] == PATCH_70
    assert len(job.check.annotations) == 2
    assert PATCH_70 in job.comment.body
    assert not [c for c in result.commands if c.name in ("warning", "error")]


def warnings(result: Result) -> list[str]:
    return [c.message for c in result.commands if c.name == "warning"]


def test_everything_goes_below_the_api_s_path(job: Job) -> None:
    assert_delivered(job, run(job))
    assert all(
        r.path.startswith("/repos/octo/demo/") or r.path == "/user" for r in job.github.requests
    )


def test_every_link_leads_to_the_server(job: Job) -> None:
    result = run(job)
    for text in (job.comment.body, job.check.data["output"]["summary"], result.summary):
        links = re.findall(r"https?://[^\s)]+", text)
        assert len(links) > 2
        assert all(link.startswith(f"{SERVER}/octo/demo/") for link in links), links
        assert f"{SERVER}/octo/demo/actions/runs/42" in links


def test_pages_are_followed_below_the_api_s_path(job: Job) -> None:
    run(job)
    ours = job.github.comments.popitem()
    for n in range(250):
        job.github.add_comment(7, f"comment {n}")
    job.github.comments[ours[0] + 1000] = ours[1]
    job.github.checks.clear()
    assert_delivered(job, run(job))


@pytest.mark.parametrize("gone", ["/check-runs", "/user", "/compare/", "/pulls/"])
def test_an_endpoint_that_is_not_there_costs_only_what_needs_it(
    job: Job, tmp_path: Path, gone: str
) -> None:
    job.repo.root = job.repo.clone(tmp_path / "shallow", job.head, 1)
    job.report({2, 3, 7})
    job.github.fail("*", gone, 404, times=99)
    result = run(job)
    assert result.status == 0, result.log
    assert "Traceback" not in result.log
    assert PATCH_70 in job.comment.body
    assert PATCH_70 in result.summary
    assert len(job.github.checks) == (gone != "/check-runs")
    assert bool(warnings(result)) == (gone == "/check-runs")


# Certificates


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority_is_trusted_where_a_variable_names_it(
    secure: Job, authority: Authority, name: str
) -> None:
    assert_delivered(secure, run(secure, **{name: str(authority.file)}))


def test_the_first_variable_goes_first(secure: Job, tmp_path: Path, authority: Authority) -> None:
    other = Authority(tmp_path, "Other CA")
    env = {"REQUESTS_CA_BUNDLE": str(authority.file), "SSL_CERT_FILE": str(other.file)}
    assert_delivered(secure, run(secure, **env))


@pytest.mark.parametrize("case", ["no authority", "another authority", "no file", "no PEM"])
def test_what_is_not_trusted_is_one_clear_line(secure: Job, tmp_path: Path, case: str) -> None:
    bundle = tmp_path / "bundle.pem"
    if case == "another authority":
        bundle = Authority(tmp_path, "Other CA").file
    elif case == "no PEM":
        bundle.write_text("hello\n")
    env = {} if case == "no authority" else {"SSL_CERT_FILE": str(bundle)}
    result = run(secure, **env)
    assert result.status == 0, result.log
    (said,) = warnings(result)
    assert "certificate" in said
    assert "REQUESTS_CA_BUNDLE" in said
    assert "Traceback" not in result.log
    assert PATCH_70 in result.summary
    assert not secure.github.requests


def test_a_certificate_for_another_name_is_said_to_be_so(
    tmp_path: Path, authority: Authority
) -> None:
    github = Enterprise()
    github.certificate = authority.certificate("other.example.test")
    with github:
        job = job_at(tmp_path, github)
        (said,) = warnings(run(job, REQUESTS_CA_BUNDLE=str(authority.file)))
    assert "is not for this name" in said


# Proxies


@pytest.fixture
def proxy(job: Job) -> Iterator[Proxy]:
    with Proxy(job.github.port) as made:
        yield made


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_requests_go_through_the_proxy(job: Job, proxy: Proxy, name: str) -> None:
    """The host is one that only the proxy knows."""
    env = {name: proxy.url, "GITHUB_API_URL": f"http://{HOST}{PREFIX}"}
    assert_delivered(job, run(job, **env))
    assert len(proxy.asked) == len(job.github.requests) > 3
    assert all(target.startswith(f"http://{HOST}") for _, target in proxy.asked)


def test_a_proxy_carries_tls_to_a_server_with_a_private_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    github = Enterprise()
    github.certificate = authority.certificate(HOST)
    with github, Proxy(github.port, account="octo:s3cret") as proxy:
        job = job_at(tmp_path, github)
        env = {
            "HTTPS_PROXY": proxy.url.replace("//", "//octo:s3cret@"),
            "SSL_CERT_FILE": str(authority.file),
            "GITHUB_API_URL": f"https://{HOST}{PREFIX}",
        }
        result = run(job, **env)
    assert_delivered(job, result)
    assert set(proxy.asked) == {("CONNECT", f"{HOST}:443")}
    assert "s3cret" not in result.log


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_a_host_may_be_excepted_from_the_proxy(job: Job, name: str) -> None:
    env = {"HTTP_PROXY": "http://127.0.0.1:1", name: "example.test,127.0.0.1"}
    assert_delivered(job, run(job, **env))


def test_a_proxy_that_is_not_there_is_named(job: Job) -> None:
    result = run(job, HTTP_PROXY="http://octo:s3cret@127.0.0.1:1")
    assert result.status == 0, result.log
    assert warnings(result)
    assert all("no way past the proxy" in w and "NO_PROXY" in w for w in warnings(result))
    assert "s3cret" not in result.log
    assert PATCH_70 in result.summary
    assert not job.github.requests


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_says_so(job: Job, scheme: str) -> None:
    with Proxy(job.github.port, account="octo:s3cret") as proxy:
        env = {
            f"{scheme.upper()}_PROXY": proxy.url,
            "GITHUB_API_URL": f"{scheme}://{HOST}{PREFIX}",
        }
        result = run(job, **env)
    assert result.status == 0, result.log
    assert warnings(result)
    assert all("the proxy wants a name and password" in w for w in warnings(result))
    assert not job.github.requests
