import { Button, Group, Loader, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getHelps, helpRobot } from '../api/client';
import type { HelpKind, HelpView, RobotView, TaskView } from '../api/types';
import { withoutIds } from '../i18n/places';
import { ServiceButtons } from '../robots/ServiceButtons';
import { loads, robotState } from '../robots/state';
import { Waiting } from '../robots/Waiting';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { useFleet } from '../stream/context';
import { Dialog } from '../tasks/Dialog';

const OFTEN_MS = 2_500;

interface Props {
  robot: RobotView;
  onRobot: (robot: string) => void;
  onHandOver: (task: TaskView) => void;
  onClose: () => void;
}

/** Why a robot waits, and what can be done about that now; what makes no sense says why. */
export function HelpDialog({ robot, onRobot, onHandOver, onClose }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const task = useFleet((fleet) => (robot.task === null ? undefined : fleet.tasks[robot.task]));
  const helps = useQuery({
    queryKey: ['helps', robot.id],
    queryFn: () => getHelps(robot.id),
    refetchInterval: OFTEN_MS,
  });
  const [asking, ask] = useState<HelpKind | null>(null);
  const [given, give] = useState<HelpKind | null>(null);
  const again = () => queries.invalidateQueries({ queryKey: ['helps', robot.id] });
  const possible = (helps.data ?? []).filter((help) => help.possible);
  const refused = (helps.data ?? []).filter((help) => !help.possible);
  return (
    <Dialog title={t('help.title', { robot: robot.id, state: robotState(t, robot) })} onClose={onClose} wide>
      <Stack data-testid="help">
        <Waiting robot={robot} onRobot={onRobot} />
        {robot.waiting_for === null && (
          <Text size="sm" data-testid="help-free">
            {t('help.notWaiting')}
          </Text>
        )}
        {robot.note !== '' && <Text size="sm">{withoutIds(t, robot.note)}</Text>}
        <ServiceButtons robot={robot} place="help">
          {task?.handover_step != null && (
            <Button variant="default" onClick={() => onHandOver(task)} data-testid="help-handover">
              {t(loads(task) ? 'handover.load' : 'handover.receive')}
            </Button>
          )}
        </ServiceButtons>
        {given !== null && (
          <Text fw={600} role="status" data-testid="help-given">
            {t('help.given', { help: t(`help.${given}`) })}
          </Text>
        )}
        {helps.data === undefined && <Loader />}
        <ErrorNote error={helps.error} />
        {helps.data !== undefined && <h2 className="help-head">{t(possible.length > 0 ? 'help.now' : 'help.none')}</h2>}
        {possible.map((help) => (
          <Offer
            key={help.kind}
            robot={robot.id}
            help={help}
            asking={asking === help.kind}
            onAsk={(open) => ask(open ? help.kind : null)}
            onGiven={() => {
              ask(null);
              give(help.kind);
              void again();
            }}
          />
        ))}
        {refused.length > 0 && <h2 className="help-head">{t('help.notNow')}</h2>}
        {refused.map((help) => (
          <Refusal key={help.kind} help={help} />
        ))}
      </Stack>
    </Dialog>
  );
}

interface OfferProps {
  robot: string;
  help: HelpView;
  asking: boolean;
  onAsk: (open: boolean) => void;
  onGiven: () => void;
}

/** One help with its consequence. Where goods move or a stop falls away it is asked twice, with the reason. */
function Offer({ robot, help, asking, onAsk, onGiven }: OfferProps) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const [reason, setReason] = useState('');
  const [person, setPerson] = useState('');
  const named = help.kind === 'take_over';
  const send = useMutation({
    mutationFn: () =>
      helpRobot(robot, help.kind, {
        reason: reason.trim(),
        step: help.step,
        person: named ? person.trim() : null,
      }),
    onSuccess: onGiven,
  });
  const place = help.place === null ? '' : placeName(help.place);
  const goods = help.kind === 'skip' && help.moves_goods;
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        <Text size="sm">{t(goods ? 'help.skipGoodsText' : `help.${help.kind}Text`, { place })}</Text>
        {asking && named && (
          <TextInput
            label={t('help.person')}
            value={person}
            onChange={(event) => setPerson(event.currentTarget.value)}
            maxLength={100}
            autoComplete="off"
            required
            data-testid="help-person"
          />
        )}
        {asking && (
          <TextInput
            label={t('help.reason')}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={200}
            autoComplete="off"
            data-testid="help-reason"
          />
        )}
        <ErrorNote error={send.error} />
        {asking ? (
          <Group gap="xs">
            <Button
              onClick={() => send.mutate()}
              loading={send.isPending}
              disabled={named && person.trim() === ''}
              data-testid="help-confirm"
            >
              {t('help.confirm', { help: t(`help.${help.kind}`) })}
            </Button>
            <Button variant="default" onClick={() => onAsk(false)}>
              {t('app.back')}
            </Button>
          </Group>
        ) : (
          <Group>
            <Button variant="light" onClick={() => onAsk(true)} data-testid={`help-${help.kind}`}>
              {t(`help.${help.kind}`)}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

function Refusal({ help }: { help: HelpView }) {
  const { t } = useTranslation();
  const no = t(`helpNo.${help.code}` as 'app.name', { defaultValue: withoutIds(t, help.text) });
  const way = help.way_out === null ? '' : withoutIds(t, help.way_out);
  return (
    <div data-testid={`help-no-${help.kind}`}>
      <Text size="sm" fw={600}>
        {t(`help.${help.kind}`)}
      </Text>
      <Text size="sm" c="dimmed">
        {no} → {t(`helpWay.${help.code}` as 'app.name', { defaultValue: way })}
      </Text>
    </div>
  );
}
