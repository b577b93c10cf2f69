"""No call is lost, none is written twice, whatever dies: the short form of `make soak-telephony`."""

from pathlib import Path

import pytest

from tests.soak.telephony import Size, soak


@pytest.mark.slow
def test_each_call_is_in_the_register_exactly_once_whatever_dies_meanwhile(tmp_path: Path) -> None:
    result = soak(Size(calls=200, senders=16, web_kills=1, leader_kills=1, freezes=1), tmp_path)

    assert result.wrong == ()
    assert result.calls == 200
