"""The polite client against every scripted fault, over real sockets: the whole answer, or an error that says why."""

import gzip
import json
import logging
import threading
import time
from itertools import pairwise

import pytest

from assets.ingest.web.client import Client
from assets.ingest.web.errors import (
    BrokenError,
    FailedError,
    FetchError,
    LimitedError,
    MissingError,
    RefusedError,
    RejectedError,
    TimedOutError,
    UnreachableError,
)
from assets.ingest.web.manners import Manners, WebSettings
from tests.standins.web import HTML, Answer, Cut, Drip, Redirect, Silence, Skew, StandIn, Status, Unmarked, WrongLength

ROWS = {"rows": list(range(200))}
SECRET = "s3cr3t-t0ken/+="  # noqa: S105
QUICK = Manners(connect=1.0, read=0.4, total=0.8, attempts=3, patience=20, backoff=0.01)


@pytest.fixture
def service():
    with StandIn(lambda _: Answer(json.dumps(ROWS).encode())) as stand_in:
        yield stand_in


@pytest.fixture
def slept():
    return []


@pytest.fixture
def client(slept):
    with Client("toy source", manners=QUICK, secrets=[SECRET], sleep=slept.append) as one:
        yield one


def _bearer():
    return Client(
        "toy source",
        manners=QUICK,
        headers={"Authorization": f"Bearer {SECRET}"},
        secrets=[SECRET],
        sleep=lambda _: None,
    )


MENDED = {
    "429": Status(429),
    "429 with Retry-After": Status(429, headers={"Retry-After": "7"}),
    "503 with Retry-After": Status(503, headers={"Retry-After": "7"}),
    "502 with a page": Status(502, b"<html>Bad Gateway</html>", content_type="text/html"),
    "504": Status(504),
    "drip": Drip(every=0.05),
    "drip of headers": Drip(every=0.05, head=True),
    "cut before the status": Cut(None),
    "cut in the body": Cut(40),
    "length too large": WrongLength(5),
    "length too small": WrongLength(-5),
    "cut without a length": Unmarked(60),
    "page instead of data": HTML,
    "page called JSON": Status(200, b"\n<!DOCTYPE html><html></html>"),
    "empty body": Status(200, b""),
    "silence": Silence(1.0),
    "bad compression": Status(200, b"no gzip", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("fault", MENDED.values(), ids=MENDED.keys())
def test_a_passing_fault_costs_one_more_request_and_no_row(service, client, fault):
    service.script(fault)
    assert client.get_json(f"{service.url}/rows") == ROWS
    assert len(service.requests) == client.requests == 2


@pytest.mark.parametrize("fault", MENDED.values(), ids=MENDED.keys())
def test_a_lasting_fault_ends_in_a_typed_error_after_the_attempts(service, client, fault):
    service.fault_for = lambda _: fault
    with pytest.raises(FetchError, match=r"^toy source: http://127\.0\.0\.1:\d+/rows: .*given up after 3 attempt"):
        client.get_json(f"{service.url}/rows")
    assert len(service.requests) == 3


def test_a_burst_of_failures_is_survived_with_growing_waits(service, slept):
    service.script(Status(500), Status(502), Status(503), Status(504))
    manners = Manners(attempts=5, backoff=1.0)
    with Client("toy source", manners=manners, sleep=slept.append) as client:
        assert client.get_json(service.url) == ROWS
    assert [int(seconds) for seconds in slept] == pytest.approx([1, 2, 4, 8], abs=1)
    assert client.waited == sum(slept)


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (Drip(), TimedOutError, "no whole answer within 0.8 s"),
        (Silence(1), TimedOutError, "silent for 0.4 s"),
        (Cut(40), BrokenError, "cut short"),
        (WrongLength(5), BrokenError, "cut short"),
        (WrongLength(-5), BrokenError, "no JSON"),
        (HTML, BrokenError, "a page for people"),
        (Status(503), FailedError, "status 503"),
        (Status(429), LimitedError, "status 429"),
    ],
)
def test_the_error_says_what_was_wrong(service, client, fault, kind, said):
    service.fault_for = lambda _: fault
    with pytest.raises(kind, match=said):
        client.get_json(service.url)


def test_a_drip_ends_at_the_total_time(service, client):
    service.fault_for = lambda _: Drip(every=0.05)
    began = time.monotonic()
    with pytest.raises(TimedOutError):
        client.request("POST", service.url)
    # The whole answer would take 45 s.
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, RefusedError, "token"),
        (403, RefusedError, "token"),
        (404, MissingError, "renamed"),
        (451, MissingError, "renamed"),
        (400, RefusedError, "changed its interface"),
    ],
)
def test_a_refusal_is_not_asked_again(service, client, status, kind, said):
    service.script(Status(status))
    with pytest.raises(kind, match=said):
        client.get_json(service.url)
    assert len(service.requests) == 1


LIMITS = {
    "Retry-After": Status(429, headers={"Retry-After": "11"}),
    "RateLimit": Status(429, headers={"RateLimit": '"api";r=0;t=11'}),
    "RateLimit-Reset": Status(429, headers={"RateLimit-Remaining": "0", "RateLimit-Reset": "11"}),
    "forbidden with Retry-After": Status(403, headers={"Retry-After": "11"}),
    "Retry-After as a date, clock an hour fast": Skew(3600, 429, retry_at=11),
    "Retry-After as a date, clock a day slow": Skew(-86400, 503, retry_at=11),
}


@pytest.mark.parametrize("fault", LIMITS.values(), ids=LIMITS.keys())
def test_the_client_waits_as_long_as_it_is_asked_to(service, client, slept, fault):
    service.script(fault)
    assert client.get_json(service.url) == ROWS
    assert slept == [11]


def test_a_reset_that_is_a_point_in_time_is_read_by_the_sources_clock(service, client, slept):
    now = time.time() + 5000
    headers = {
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now)),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(now) + 9),
    }
    service.script(Status(403, headers=headers))
    assert client.get_json(service.url) == ROWS
    assert slept == [9]


def test_a_used_up_allowance_is_waited_for_before_the_next_request(service, client, slept):
    service.script(Status(200, b"{}", headers={"RateLimit": '"api";r=0;t=15'}))
    client.get_json(service.url)
    assert not slept
    assert client.get_json(service.url) == ROWS
    assert slept == [pytest.approx(15, abs=1)]


def test_a_wait_beyond_patience_ends_with_the_reason_and_without_waiting(service, client, slept):
    service.script(Status(429, headers={"Retry-After": "3600"}))
    with pytest.raises(LimitedError, match=r"waiting 3,600 s more would exceed the 20 s a request may wait"):
        client.get_json(service.url)
    assert not slept
    assert len(service.requests) == 1


def test_waits_of_all_requests_together_are_capped(service, slept):
    manners = Manners(attempts=9, run_patience=25)
    service.fault_for = lambda _: Status(429, headers={"Retry-After": "10"}) if len(service.requests) % 2 else None
    with Client("toy source", manners=manners, sleep=slept.append) as client:
        client.get_json(service.url)
        client.get_json(service.url)
        with pytest.raises(LimitedError, match="exceed the 25 s a run may wait"):
            client.get_json(service.url)
    assert slept == [10, 10]


def test_an_exhausted_allowance_beyond_patience_is_refused_before_asking(service, client):
    service.script(Status(200, b"{}", headers={"RateLimit": '"api";r=0;t=900'}))
    client.get_json(service.url)
    with pytest.raises(LimitedError, match="allows no more requests for"):
        client.get_json(service.url)
    assert len(service.requests) == 1


def test_what_may_have_been_done_is_not_repeated(service, client):
    service.script(Status(502))
    with pytest.raises(FailedError):
        client.request("POST", service.url, content=b"{}")
    service.script(Status(429))
    assert client.request("POST", service.url, content=b"{}").json() == ROWS
    service.script(Status(502))
    assert client.request("POST", service.url, content=b"{}", safe=True).json() == ROWS
    assert [asked.body for asked in service.requests] == [b"{}"] * 5


def test_a_success_that_tells_of_an_error_is_handled_by_its_source(service, client, slept):
    def inspect(reply):
        if b"later" in reply.content:
            raise RejectedError(source=reply.source, url=reply.url, said="it says later", retry=True, wait=3)
        if b"never" in reply.content:
            raise RejectedError(source=reply.source, url=reply.url, said="it says never")

    service.script(Status(200, b'{"errors": "later"}'), None, Status(200, b'{"errors": "never"}'))
    assert client.get_json(service.url, inspect=inspect) == ROWS
    assert slept == [3]
    with pytest.raises(RejectedError, match="it says never"):
        client.get_json(service.url, inspect=inspect)
    assert len(service.requests) == 3


def test_redirects_are_followed_and_end(service, client):
    service.script(Redirect("/elsewhere", 301), Redirect("/there", 307))
    assert client.get_json(f"{service.url}/here") == ROWS
    assert [asked.path for asked in service.requests] == ["/here", "/elsewhere", "/there"]
    service.fault_for = lambda _: Redirect("/round")
    with pytest.raises(RefusedError, match="more than 5 redirects"):
        client.get_json(service.url)


def test_a_redirect_does_not_lose_a_body(service, client):
    service.script(Redirect("/there", 308))
    client.request("POST", service.url, content=b"{1}", safe=True)
    assert service.requests[-1].body == b"{1}"
    service.script(Redirect("/there", 302))
    with pytest.raises(RefusedError, match="lose the request's body"):
        client.request("POST", service.url, content=b"{1}", safe=True)


def test_a_redirect_to_another_host_does_not_carry_the_token(service):
    with StandIn(lambda _: Answer()) as other, _bearer() as client:
        service.script(Redirect(f"{other.url}/x"))
        client.get_json(service.url)
        assert "authorization" in service.requests[0].headers
        assert "authorization" not in other.requests[0].headers


def test_a_closed_port_is_unreachable(client):
    with StandIn(lambda _: Answer()) as gone:
        url = gone.url
    with pytest.raises(UnreachableError, match="check the network"):
        client.get(url)


def test_an_answer_without_end_is_not_taken(slept):
    with (
        StandIn(lambda _: Answer(gzip.compress(b"0" * 1_000_000), headers={"Content-Encoding": "gzip"})) as bomb,
        Client("toy source", manners=Manners(largest=10_000), sleep=slept.append) as client,
        pytest.raises(BrokenError, match="larger than 10,000 bytes"),
    ):
        client.get(bomb.url)


def test_not_modified_is_an_answer(service, client):
    service.script(Status(304, b"", headers={"ETag": '"1"'}))
    reply = client.get(service.url, headers={"If-None-Match": '"1"'})
    assert (reply.status, reply.content) == (304, b"")
    assert service.requests[0].headers["if-none-match"] == '"1"'


def test_a_page_is_taken_where_one_is_wanted(service, client):
    service.script(HTML)
    assert b"Sign in" in client.get(service.url, page=True).content


def test_requests_name_the_atlas_and_its_contact(service, monkeypatch):
    monkeypatch.setenv("ATLAS_CONTACT", "someone@example.org (Jo)\n")
    with Client("toy source") as client:
        client.get_json(service.url)
    agent = service.requests[0].headers["user-agent"]
    assert agent.startswith("adoption-atlas/")
    assert agent.endswith("(someone@example.org Jo)")


def test_no_contact_is_said():
    assert "no contact configured" in WebSettings().user_agent()


def test_clients_of_one_host_take_turns():
    busy, most = [0], [0]

    def answer(_):
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        time.sleep(0.02)
        busy[0] -= 1
        return Answer()

    def ask(url):
        with Client("toy source") as client:
            for _ in range(3):
                client.get(url)

    with StandIn(answer) as service:
        threads = [threading.Thread(target=ask, args=(service.url,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(service.requests) == 12
    assert most == [1]


def test_requests_keep_their_distance(service):
    with Client("toy source", manners=Manners(pause=0.1)) as client:
        for _ in range(3):
            client.get_json(service.url)
    begun = [asked.at for asked in service.requests]
    assert min(later - earlier for earlier, later in pairwise(begun)) > 0.09


LEAKS = {
    "echoed": Status(400, f"bad token {SECRET}".encode()),
    "echoed late": Status(500, f"{'x' * 190}{SECRET}".encode()),
    "limited": Status(429, f"{SECRET} has no requests left".encode()),
    "cut": Cut(None),
    "redirect": Redirect(f"http://127.0.0.1:9/?token={SECRET}"),
}


@pytest.mark.parametrize("fault", LEAKS.values(), ids=LEAKS.keys())
def test_no_secret_is_in_errors_and_logs(service, caplog, fault):
    caplog.set_level(logging.DEBUG)
    service.fault_for = lambda _: fault
    address = service.url.replace("//", f"//user:{SECRET.partition('/')[0]}@")
    with _bearer() as client, pytest.raises(FetchError) as caught:
        client.get_json(f"{address}/rows", params={"token": "another", "mine": SECRET, "shown": "yes"})
    error, texts = caught.value, [caplog.text]
    while error is not None:
        texts.append(f"{error!s} {error!r} {vars(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for secret in (SECRET, "s3cr3t", "another"):
        assert not [text for text in texts if secret in text]


def test_words_that_a_source_quotes_are_redacted_too(service):
    def inspect(reply):
        raise RejectedError(source=reply.source, url=reply.url, said=reply.content.decode())

    service.script(Status(200, f"no such key {SECRET}".encode()))
    with _bearer() as client, pytest.raises(RejectedError, match=r"no such key \*\*\*") as caught:
        client.get_json(service.url, inspect=inspect)
    assert caught.value.__suppress_context__


def test_a_token_with_a_line_break_is_refused_without_being_shown(service):
    token = "abc\ndef"  # noqa: S105
    with (
        Client("toy source", headers={"Authorization": f"Bearer {token}"}, secrets=[token]) as client,
        pytest.raises(RefusedError) as caught,
    ):
        client.get(service.url)
    assert "abc" not in str(caught.value)


def test_retries_are_told(service, client, caplog):
    service.script(Status(503, headers={"Retry-After": "2"}))
    client.get_json(service.url)
    assert "status 503" in caplog.text
    assert "Attempt 1 of 3; the next in 2.0 s." in caplog.text
