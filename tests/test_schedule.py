"""What the service's ticks do to each other."""

import asyncio
from pathlib import Path

from monitor import app
from monitor.schedule import Service
from tests.configuration import loaded


async def test_a_tick_that_comes_while_the_last_is_at_work_is_made_up_for_once(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    begun: list[int] = []
    end = asyncio.Event()

    async def work() -> None:
        begun.append(len(begun))
        await end.wait()

    with app.writing(config, purpose="test") as archive, app.line(config, archive) as line:
        service = Service(line)
        for _ in range(3):
            await service._start("deliver", work)
            await asyncio.sleep(0)
        assert begun == [0]
        end.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert begun == [0, 1]
