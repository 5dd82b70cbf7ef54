from facecaption_assets.rewriting.backoff import Backoff
from facecaption_assets.rewriting.endpoints import MAX_RESTS, EndpointPool
from facecaption_assets.rewriting.faults import Fault, Outcome

BROKEN = Fault(Outcome.BROKEN, "HTTP 500")
BUSY = Fault(Outcome.BUSY, "HTTP 429", 10.0)


def pool_of(*urls: str, tolerance: int = 2) -> EndpointPool:
    return EndpointPool(urls, tolerance, Backoff(base_s=1.0, longest_s=4.0))


def fail(pool: EndpointPool, now: float) -> None:
    turn = pool.take(now)
    assert turn
    pool.give_back(turn)
    pool.note_failure(turn, BROKEN, now)


def rested(pool: EndpointPool, rests: int) -> float:
    """Fail until there were so many rests; the time at which the latest ends."""
    now = 0.0
    while pool.endpoints[0].rests < rests:
        fail(pool, now)
        now = max(now, pool.endpoints[0].ready_at)
    return now


def test_the_endpoint_with_the_fewest_in_flight_is_next() -> None:
    pool = pool_of("a", "b", "c")
    turns = [pool.take(0.0) for _ in range(6)]
    assert [t.endpoint.base_url for t in turns if t] == ["a", "b", "c"] * 2
    assert turns[1]
    pool.give_back(turns[1])
    again = pool.take(0.0)
    assert again and again.endpoint.base_url == "b"


def test_the_one_to_avoid_is_taken_only_if_there_is_no_other() -> None:
    pool = pool_of("a", "b")
    first, second = pool.endpoints
    turn = pool.take(0.0, avoid=first)
    assert turn and turn.endpoint is second
    second.ready_at = 1.0
    turn = pool.take(0.0, avoid=first)
    assert turn and turn.endpoint is first


def test_a_resting_endpoint_is_asked_once_until_it_answers() -> None:
    pool = pool_of("a")
    now = rested(pool, 1)
    assert pool.take(now - 0.5) is None and pool.wait_s(now - 0.5) == 0.5
    probe = pool.take(now)
    assert probe and pool.take(now) is None
    pool.give_back(probe)
    pool.note_answer(probe)
    assert pool.take(now) and pool.take(now)


def test_rests_grow_until_the_endpoint_is_down() -> None:
    pool = pool_of("a")
    lengths, now = [], 0.0
    while not pool.is_down:
        rests = pool.endpoints[0].rests
        fail(pool, now)
        if pool.endpoints[0].rests > rests:
            lengths.append(pool.endpoints[0].ready_at - now)
        now = max(now, pool.endpoints[0].ready_at)
    assert lengths == [1, 2, 4, 4, 4, 4] and len(lengths) == MAX_RESTS + 1


def test_an_answer_in_between_forgives_everything() -> None:
    pool = pool_of("a", tolerance=2)
    for _ in range(20):
        fail(pool, 0.0)
        turn = pool.take(0.0)
        assert turn
        pool.give_back(turn)
        pool.note_answer(turn)
    assert not pool.is_resting and pool.answers == 20


def test_what_was_sent_before_a_rest_does_not_prolong_it() -> None:
    pool = pool_of("a", tolerance=1)
    turns = [pool.take(0.0) for _ in range(50)]
    for turn in turns:
        assert turn
        pool.give_back(turn)
        pool.note_failure(turn, BROKEN, 0.0)
    assert (pool.endpoints[0].rests, pool.endpoints[0].ready_at) == (1, 1.0)


def test_one_endpoint_that_is_well_keeps_the_pool_up() -> None:
    pool = pool_of("a", "b", tolerance=1)
    rested(pool, MAX_RESTS + 1)
    pool.endpoints[1].rests = 0
    assert not pool.is_down and not pool.is_resting


def test_a_busy_endpoint_is_left_alone_for_as_long_as_it_asks() -> None:
    pool = pool_of("a", "b")
    turn = pool.take(0.0)
    assert turn
    pool.give_back(turn)
    pool.note_busy(turn, BUSY, 0.0)
    assert pool.has_other(turn.endpoint, 0.0)
    others = [pool.take(9.9) for _ in range(3)]
    assert {t.endpoint.base_url for t in others if t} == {"b"}
    assert not pool.is_resting
