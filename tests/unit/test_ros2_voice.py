"""The voice of a ROS 2 robot: espeak-ng as a process of its own, or the robot's own action."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from robot_agents.protocol import CommandDone, CommandFailed, HandoverDirection, OpenCompartment, Said, Say, Text
from robot_agents.ros2.port import Announce
from robot_agents.ros2.settings import RobotSettings, VoiceKind
from robot_agents.ros2.voice import EspeakVoice, VoiceError
from tests.contract.agent_rigs import until
from tests.nav2_rig import Nav2Rig, with_nav2
from tests.silent_voice import SilentVoice

TEXTS = (Text(language="zh", text="请戴口罩。"), Text(language="en", text="Please wear a mask."))
SAY = Say(command_id="say", step_id="s", texts=TEXTS, times=2)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called espeak-ng that writes down how it was called and what it was given."""
    script = tmp_path / "espeak-ng"
    script.write_text(f"""#!/bin/sh
echo "$@" >> {tmp_path}/heard
cat >> {tmp_path}/heard; echo >> {tmp_path}/heard
[ "$2" = xx ] && echo "no such voice" >&2 && exit 1
[ "$4" = 0 ] && echo "ALSA lib: Unknown PCM default" >&2 && echo "error: No such file or directory" >&2
exit 0
""")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "heard"


def test_espeak_gets_the_text_on_its_input_with_language_and_volume(program: Path) -> None:
    asyncio.run(EspeakVoice().say("--version 您好", "zh", 0.7))
    assert program.read_text().splitlines() == ["-v cmn -a 140 --stdin", "--version 您好"]


def test_what_espeak_says_of_its_failure_is_kept(program: Path) -> None:
    with pytest.raises(VoiceError, match="espeak-ng -v xx failed: no such voice"):
        asyncio.run(EspeakVoice().say("hello", "xx", 0.7))
    assert program.exists()


def test_without_a_sound_card_nothing_counts_as_said(program: Path) -> None:
    with pytest.raises(VoiceError, match="error: No such file or directory"):
        asyncio.run(EspeakVoice().say("hello", "en", 0.0))
    assert program.exists()


def test_without_espeak_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoiceError, match="espeak-ng is not installed: apt-get install espeak-ng"):
        asyncio.run(EspeakVoice().say("hello", "en", 0.7))


def test_a_robot_says_all_texts_in_turn_and_then_tells_so() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(SAY)
        assert isinstance(await rig.manager.outcome("say"), CommandDone)
        assert isinstance(rig.voice, SilentVoice)
        assert rig.voice.said == [(text.language, text.text) for text in TEXTS] * 2
        [said] = rig.of_type(Said)
        assert said.aloud

    with_nav2(story)


def test_a_robot_without_espeak_fails_with_the_way_out_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    async def story(rig: Nav2Rig) -> None:
        await rig.kill()
        rig.voice = EspeakVoice()
        connections = rig.manager.connections
        rig.start_again()
        await until(lambda: rig.manager.connections > connections)
        rig.manager.say(SAY)
        failed = await rig.manager.outcome("say")
        assert isinstance(failed, CommandFailed)
        assert "apt-get install espeak-ng" in failed.reason
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)

    with_nav2(story)


def test_a_robot_with_a_voice_of_its_own_announces_by_its_action() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(SAY)
        assert isinstance(await rig.manager.outcome("say"), CommandDone)
        asked = [request for request in rig.robot.asked if isinstance(request, Announce)]
        assert asked == [Announce(text.text, text.language, 0.7) for text in TEXTS] * 2

    with_nav2(story, settings=RobotSettings(map_of_level="{level}.yaml", voice=VoiceKind.ROBOT))


def test_a_meal_s_compartment_opens_without_a_word() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(
            OpenCompartment(
                command_id="open",
                step_id="s",
                compartment="main",
                direction=HandoverDirection.UNLOAD,
                announce=False,
            )
        )
        await rig.manager.outcome("open")
        assert not any(isinstance(request, Announce) for request in rig.robot.asked)

    with_nav2(story)
