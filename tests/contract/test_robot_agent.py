"""What holds for every agent: simulated, behind a link, a person's phone, or a real robot."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from robot_agents.protocol import (
    CloseCompartment,
    CommandDone,
    CommandFailed,
    Dock,
    Drive,
    FollowerTold,
    GoodsTaken,
    Guide,
    HandoverDirection,
    Hello,
    Inspect,
    Inspected,
    Mode,
    ModeChanged,
    Observation,
    Observed,
    OpenCompartment,
    Pause,
    Proceed,
    Refused,
    Resume,
    Said,
    Say,
    ScreeningLimits,
    StopGuiding,
    StopInspecting,
    Telemetry,
    Text,
)
from robot_agents.runtime import AgentRefusedError
from robot_agents.transport import Unreadable
from sim.followers import Dawdle
from tests.contract.agent_rigs import (
    Rig,
    RigRunner,
    ros2,
    ros2_in_memory,
    simulated,
    simulated_remote,
    until,
    walking_porter,
)
from tests.ros.stage import needs_ros

real_ros2 = pytest.param(ros2, marks=needs_ros)
every_agent = pytest.mark.parametrize("run", [simulated, simulated_remote, ros2_in_memory, real_ros2, walking_porter])
every_robot = pytest.mark.parametrize("run", [simulated, simulated_remote, ros2_in_memory, real_ros2])
"""Agents whose robot drives by clearance; people walk as they like."""

OPEN = OpenCompartment(command_id="open", step_id="s", compartment="main", direction=HandoverDirection.LOAD)
CLOSE = CloseCompartment(command_id="close", step_id="s", compartment="main")

POSITION = 0.02
"""Metres by which a robot may be wrong about its own position."""


# --- the connection --------------------------------------------------------------------------------------------


@every_agent
def test_it_says_hello_first_and_then_where_it_is(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        hello, telemetry = rig.manager.heard[:2]
        assert isinstance(hello, Hello)
        assert hello.robot == rig.agent.robot
        assert isinstance(telemetry, Telemetry)
        assert (telemetry.pose.level, telemetry.pose.x, telemetry.pose.y) == ("L1", 0.0, 0.0)

    run(story)


@every_agent
def test_its_heart_beats_while_it_is_idle(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        before = len(rig.manager.telemetry)
        await asyncio.sleep(20.0)
        assert 15 <= len(rig.manager.telemetry) - before <= 21

    run(story)


@every_agent
def test_it_comes_back_after_the_connection_broke(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        for times in (2, 3):
            rig.network.cut()
            await asyncio.sleep(10.0)
            rig.network.restore()
            await until(lambda times=times: rig.manager.connections == times)  # type: ignore[misc]

    run(story)


@every_agent
def test_a_passing_refusal_is_tried_again_and_a_final_one_ends_it(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.refusal = Refused(reason="still starting", final=False)
        rig.network.cut()
        rig.network.restore()
        await until(lambda: rig.manager.connections == 3)

        rig.manager.refusal = Refused(reason="wrong token", final=True)
        other = rig.new_runtime()
        with pytest.raises(AgentRefusedError, match=f"{rig.agent.robot}: wrong token"):
            await other.run()

    run(story)


# --- commands --------------------------------------------------------------------------------------------------


@every_agent
def test_a_drive_is_done_when_its_last_node_is_reached(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a", "home-2"))
        outcome = await rig.manager.outcome("d1")
        assert isinstance(outcome, CommandDone)
        assert rig.manager.passed()[-1] == 2
        assert rig.manager.passed() == sorted(rig.manager.passed())
        pose = rig.agent.telemetry().pose
        assert (pose.x, pose.y) == pytest.approx((5.0, 5.0), abs=POSITION)

    run(story)


@every_agent
def test_a_command_that_comes_twice_is_done_once_and_its_outcome_told_again(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        drive = rig.drive("d1", "home-1", "a")
        rig.manager.say(drive)
        rig.manager.say(drive)
        await rig.manager.outcome("d1")
        passed = rig.manager.passed()
        assert len(rig.manager.outcomes("d1")) == 1

        rig.manager.say(drive)
        await until(lambda: len(rig.manager.outcomes("d1")) == 2)
        first, again = rig.manager.outcomes("d1")
        assert first == again
        assert rig.manager.passed() == passed

    run(story)


@every_agent
def test_a_compartment_is_opened_and_closed_for_a_hand_over(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(OPEN)
        assert isinstance(await rig.manager.outcome("open"), CommandDone)
        rig.manager.say(CLOSE)
        assert isinstance(await rig.manager.outcome("close"), CommandDone)

    run(story)


@every_agent
def test_a_command_it_does_not_know_fails_with_the_reason(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(Unreadable(command_id="dance-1", reason="an unknown type"))
        outcome = await rig.manager.outcome("dance-1")
        assert isinstance(outcome, CommandFailed)
        assert outcome.reason
        assert not outcome.retry

    run(story)


@every_agent
def test_a_drive_to_nowhere_fails(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(Drive(command_id="d1", nodes=(), cleared_to=0))
        assert isinstance(await rig.manager.outcome("d1"), CommandFailed)

    run(story)


@every_agent
def test_a_charger_that_is_not_there_is_said(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(Dock(command_id="dock", charger="the moon"))
        assert isinstance(await rig.manager.outcome("dock"), CommandFailed)

    run(story)


@every_agent
def test_a_newer_drive_replaces_the_one_before(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a", "b", cleared_to=1))
        await asyncio.sleep(2.0)
        rig.manager.say(rig.drive("d2", "home-1", "a", "home-2"))
        assert isinstance(await rig.manager.outcome("d2"), CommandDone)
        await asyncio.sleep(10.0)
        assert rig.manager.outcomes("d1") == []

    run(story)


# --- reports ---------------------------------------------------------------------------------------------------


@every_agent
def test_reports_are_numbered_without_gaps(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        await rig.manager.outcome("d1")
        rig.manager.say(OPEN)
        await rig.manager.outcome("open")
        numbers = [report.number for report in rig.manager.reports]
        assert numbers == list(range(1, len(numbers) + 1))

    run(story)


@every_agent
def test_reports_made_while_disconnected_are_sent_in_order_on_return(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a", "home-2"))
        await asyncio.sleep(2.0)
        rig.network.cut()
        before = len(rig.manager.reports)
        await asyncio.sleep(40.0)
        assert len(rig.manager.reports) == before
        rig.network.restore()
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        numbers = list(dict.fromkeys(report.number for report in rig.manager.reports))
        assert numbers == list(range(1, len(numbers) + 1))
        assert rig.manager.passed()[-1] == 2

    run(story)


@every_agent
def test_only_reports_that_are_not_stored_yet_are_sent_again(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        stored = (await rig.manager.outcome("d1")).number
        rig.manager.acknowledge(stored - 1)
        await asyncio.sleep(1.0)
        rig.manager.heard.clear()
        rig.network.cut()
        rig.network.restore()
        await until(lambda: bool(rig.manager.telemetry))
        assert [report.number for report in rig.manager.reports] == [stored]

    run(story)


@every_agent
def test_an_agent_that_lost_its_memory_goes_on_with_the_manager_s_numbers(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.network.cut()
        await asyncio.sleep(5.0)
        rig.manager.stored = 57
        rig.manager.heard.clear()
        rig.network.restore()
        await until(lambda: bool(rig.manager.telemetry))
        rig.manager.say(OPEN)
        assert (await rig.manager.outcome("open")).number == 58

    run(story)


# --- driving by clearance --------------------------------------------------------------------------------------


@every_robot
def test_it_never_passes_the_cleared_end_when_the_manager_falls_silent(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a", "b", cleared_to=1))
        await asyncio.sleep(3.0)
        rig.network.cut()
        await asyncio.sleep(60.0)
        pose = rig.agent.telemetry().pose
        assert (pose.x, pose.y) == pytest.approx((5.0, 0.0), abs=POSITION)
        rig.network.restore()
        await until(lambda: 1 in rig.manager.passed())
        assert rig.manager.outcomes("d1") == []

    run(story)


@every_robot
def test_clearance_in_time_is_driven_through_without_a_stop(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        assert rig.robot_speed is not None
        rig.manager.say(rig.drive("d1", "home-1", "a", "b", "lobby-1", cleared_to=1))
        await until(lambda: rig.robot_speed is not None and rig.robot_speed() > 0.9)
        rig.manager.say(Proceed(command_id="p1", drive_id="d1", cleared_to=2))
        slowest = 1.0
        while 2 not in rig.manager.passed():
            rig.manager.say(Proceed(command_id="p2", drive_id="d1", cleared_to=3))
            await asyncio.sleep(0.5)
            slowest = min(slowest, rig.robot_speed())
        assert slowest > 0.5
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)

    run(story)


@every_robot
def test_a_new_drive_that_goes_on_from_the_cleared_part_does_not_stop_it(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        assert rig.robot_speed is not None
        rig.manager.say(rig.drive("d1", "home-1", "a", "home-2", cleared_to=1))
        await until(lambda: rig.robot_speed is not None and rig.robot_speed() > 0.9)
        rig.manager.say(rig.drive("d2", "home-1", "a", "b", "lobby-1", cleared_to=3))
        slowest = 1.0
        while 2 not in rig.manager.passed():
            await asyncio.sleep(0.5)
            slowest = min(slowest, rig.robot_speed())
        assert slowest > 0.5
        assert isinstance(await rig.manager.outcome("d2"), CommandDone)

    run(story)


@every_robot
def test_an_old_or_foreign_clearance_is_ignored(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a", "b", cleared_to=1))
        rig.manager.say(Proceed(command_id="p1", drive_id="d0", cleared_to=2))
        rig.manager.say(Proceed(command_id="p2", drive_id="d1", cleared_to=0))
        await asyncio.sleep(30.0)
        assert rig.manager.passed() == [0, 1]
        assert rig.manager.telemetry[-1].cleared_to == 1
        assert rig.manager.telemetry[-1].drive_id == "d1"

    run(story)


@every_robot
def test_a_pause_stops_it_and_a_resume_lets_it_go_on(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        assert rig.robot_speed is not None
        rig.manager.say(rig.drive("d1", "home-1", "a", "b"))
        await asyncio.sleep(3.0)
        rig.manager.say(Pause(command_id="pause"))
        assert isinstance(await rig.manager.outcome("pause"), CommandDone)
        assert rig.robot_speed() == 0.0
        await until(lambda: rig.manager.telemetry[-1].paused)
        rig.manager.say(Resume(command_id="resume"))
        assert isinstance(await rig.manager.outcome("resume"), CommandDone)
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        assert not rig.manager.telemetry[-1].paused or rig.agent.telemetry().paused is False

    run(story)


@every_robot
def test_an_e_stop_is_told_and_its_release_confirms_where_it_is(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        assert rig.press_estop is not None
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        await asyncio.sleep(3.0)
        rig.press_estop(True)
        await asyncio.sleep(5.0)
        rig.press_estop(False)
        await rig.manager.outcome("d1")
        stopped, released = (report for report in rig.manager.reports if isinstance(report, ModeChanged))
        assert stopped.mode is Mode.ESTOP
        assert released.mode is Mode.AUTOMATIC
        assert released.pose is not None
        assert released.pose.level == "L1"

    run(story)


@every_robot
def test_it_charges_at_the_charger_it_stands_at_and_leaves_it_to_drive(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(Dock(command_id="dock", charger="home-1"))
        assert isinstance(await rig.manager.outcome("dock"), CommandDone)
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        rig.manager.say(Dock(command_id="again", charger="home-1"))
        assert isinstance(await rig.manager.outcome("again"), CommandFailed)

    run(story)


@every_robot
def test_it_never_drives_with_a_compartment_open(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(OPEN)
        await rig.manager.outcome("open")
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        with suppress(TimeoutError):
            await until(lambda: 1 in rig.manager.passed(), within=20.0)
        assert rig.manager.passed() in ([], [0])
        rig.manager.say(CLOSE)
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)

    run(story)


# --- inspections -----------------------------------------------------------------------------------------------

INSPECT = Inspect(
    command_id="look",
    step_id="s",
    seconds=20.0,
    screening=ScreeningLimits(temperature=37.3, distance=10.0, masks=True),
)


@every_agent
def test_it_inspects_from_where_it_stands_or_says_that_it_cannot(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(INSPECT)
        ended = await rig.manager.outcome("look")
        seen = [report for report in rig.manager.reports if isinstance(report, Inspected)]
        if isinstance(ended, CommandFailed):
            assert not ended.retry
            assert seen == []
        else:
            [inspected] = seen
            assert inspected.number < ended.number
            assert (ended.time - inspected.began).total_seconds() >= 20.0 - 0.01
            assert (inspected.pose.x, inspected.pose.y) == (0.0, 0.0)

    run(story)


@pytest.mark.parametrize("run", [simulated, simulated_remote])
def test_it_tells_once_of_somebody_with_a_fever_and_live_of_everybody(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        assert rig.pass_by is not None
        rig.manager.say(INSPECT)
        await asyncio.sleep(1.0)
        rig.pass_by(38.2)
        rig.pass_by(36.5)
        await rig.manager.outcome("look")
        [observed] = [report for report in rig.manager.reports if isinstance(report, Observed)]
        assert observed.value == 38.2
        assert observed.distance <= 10.0
        live = [message for message in rig.manager.heard if isinstance(message, Observation)]
        assert len(live) > 50
        assert {person.temperature for message in live for person in message.people} == {38.2, 36.5}

    run(story)


@every_agent
def test_an_inspection_that_is_given_up_is_over_at_once_and_does_not_count(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(INSPECT)
        rig.manager.say(StopInspecting(command_id="stop", inspect_id="look"))
        assert isinstance(await rig.manager.outcome("stop"), CommandDone)
        await rig.manager.outcome("look")
        assert not any(isinstance(report, Inspected) for report in rig.manager.reports)

    run(story)


# --- voices ----------------------------------------------------------------------------------------------------

SAY = Say(
    command_id="say",
    step_id="s",
    texts=(Text(language="zh", text="您好。"), Text(language="en", text="Hello.")),
    times=2,
)


@every_agent
def test_it_says_what_it_is_told_or_that_it_has_no_voice(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(SAY)
        ended = await rig.manager.outcome("say")
        told = [report for report in rig.manager.reports if isinstance(report, Said)]
        if isinstance(ended, CommandFailed):
            assert not ended.retry
            assert ended.reason
            assert told == []
        else:
            [said] = told
            assert (said.say_id, said.aloud, said.pose.x) == ("say", True, 0.0)
            assert said.number < ended.number

    run(story)


@every_agent
def test_what_is_not_said_aloud_is_shown_at_once(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(SAY.model_copy(update={"aloud": False}))
        ended = await rig.manager.outcome("say")
        if isinstance(ended, CommandDone):
            [said] = [report for report in rig.manager.reports if isinstance(report, Said)]
            assert not said.aloud

    run(story)


@pytest.mark.parametrize("run", [simulated, simulated_remote])
def test_it_tells_when_somebody_follows_and_falls_behind(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        assert rig.follow is not None
        rig.manager.say(Guide(command_id="guide", step_id="s", distance=3.0))
        await asyncio.sleep(3.0)
        assert not any(isinstance(report, FollowerTold) for report in rig.manager.reports)
        rig.follow(Dawdle(after=0.5, seconds=20.0))
        rig.manager.say(rig.drive("d1", "home-1", "a", "b", cleared_to=2))
        await rig.manager.outcome("d1")
        await asyncio.sleep(30.0)
        rig.manager.say(StopGuiding(command_id="stop", guide_id="guide"))
        assert isinstance(await rig.manager.outcome("stop"), CommandDone)
        assert isinstance(await rig.manager.outcome("guide"), CommandDone)
        told = [report.following for report in rig.manager.reports if isinstance(report, FollowerTold)]
        assert told == [True, False, True]

    run(story)


@every_agent
def test_who_cannot_see_a_follower_says_so_and_nobody_else(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        rig.manager.say(Guide(command_id="guide", step_id="s", distance=3.0))
        rig.manager.say(StopGuiding(command_id="stop", guide_id="guide"))
        assert isinstance(await rig.manager.outcome("stop"), CommandDone)
        ended = await rig.manager.outcome("guide")
        assert isinstance(ended, CommandDone) or not ended.retry

    run(story)


@pytest.mark.parametrize("run", [simulated, simulated_remote])
def test_the_sensor_of_an_open_compartment_tells_that_it_was_emptied(run: RigRunner) -> None:
    async def story(rig: Rig) -> None:
        assert rig.empty is not None
        rig.empty("main")
        rig.manager.say(
            OpenCompartment(command_id="open", step_id="s", compartment="main", direction=HandoverDirection.UNLOAD)
        )
        await rig.manager.outcome("open")
        rig.empty("main")
        await asyncio.sleep(1.0)
        taken = [report.compartment for report in rig.manager.reports if isinstance(report, GoodsTaken)]
        assert taken == ["main"], "nothing is taken out of one that is shut"

    run(story)
