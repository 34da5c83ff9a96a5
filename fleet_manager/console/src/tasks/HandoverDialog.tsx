import { Button, NumberInput, PasswordInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getHandoverCode, handOver } from '../api/client';
import type { ItemOutcome, ProofKind, TaskView } from '../api/types';
import { loads } from '../robots/state';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { Dialog } from './Dialog';

const OUTCOMES: readonly ItemOutcome[] = ['accepted', 'short', 'damaged', 'refused'];
const TOUCHED = { minHeight: 44, display: 'grid', placeContent: 'center', paddingInline: 4 } as const;

interface Proof {
  readonly kind: ProofKind;
  readonly value: string;
}

/** Goods change hands: each item is complete unless somebody says otherwise. */
export function HandoverDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const [loading] = useState(() => loads(task));
  const [step] = useState(task.handover_step);
  const [outcomes, setOutcomes] = useState<Record<string, ItemOutcome>>({});
  const [proof, setProof] = useState<Proof>({ kind: 'none', value: '' });
  const [who, setWho] = useState('');
  const proven = proof.kind === 'none' || proof.value.trim() !== '';
  const here = itemsOf(task, step);
  const items = task.items.filter(
    (item) => item.state === (loading ? 'waiting' : 'on_board') && (here === undefined || here.includes(item.item_id)),
  );
  const weighed = task.kind === 'collection';
  const [weights, setWeights] = useState<Record<string, number | string>>({});
  const sent = useMutation({
    mutationFn: () =>
      handOver(task.id, {
        step_id: step,
        actor: who.trim() === '' ? null : { id: who.trim(), role: 'staff', ward: null },
        proof,
        items: items.map(({ item_id }) => ({
          item_id,
          outcome: outcomes[item_id] ?? 'accepted',
          weight: numeric(weights[item_id]),
        })),
      }),
    onSuccess: (answer) => {
      if (answer.handover_step !== step) {
        onClose();
        return;
      }
      setProof({ kind: 'none', value: '' });
      setWho('');
    },
  });
  const code = useMutation({ mutationFn: () => getHandoverCode(task.id, who.trim()) });
  const signed = task.handover?.signed_by.map((person) => person.id).join(', ');
  const place = placeName(task.waiting_for?.resource ?? (loading ? task.pickup : task.dropoff));
  const title = t(loading ? 'handover.loadTitle' : 'handover.receiveTitle', { carrier: task.robot, place });
  return (
    <Dialog title={title} onClose={onClose}>
      <Stack>
        <Text size="sm">{t(loading ? 'handover.loadText' : 'handover.receiveText')}</Text>
        {items.map((item) => (
          <Stack gap={4} key={item.item_id}>
            <Text fw={600}>
              {item.quantity} × {item.name}
            </Text>
            <SegmentedControl
              aria-label={t('handover.outcome', { item: item.name })}
              data={OUTCOMES.map((outcome) => ({ value: outcome, label: t(`item.${outcome}`) }))}
              value={outcomes[item.item_id] ?? 'accepted'}
              onChange={(outcome) => setOutcomes({ ...outcomes, [item.item_id]: outcome })}
              styles={{ label: TOUCHED }}
              fullWidth
            />
            {weighed && (
              <NumberInput
                label={t('handover.weight', { bag: item.item_id })}
                value={weights[item.item_id] ?? ''}
                onChange={(weight) => setWeights({ ...weights, [item.item_id]: weight })}
                min={0}
                max={1000}
                decimalScale={2}
                data-testid={`weight-${item.item_id}`}
              />
            )}
          </Stack>
        ))}
        {task.handover !== null && task.handover.signatures > 1 && (
          <Text size="sm" fw={600} data-testid="two-sign">
            {signed ? t('handover.oneSigned', { who: signed }) : t('handover.twoSign')}
          </Text>
        )}
        <TextInput
          label={t('handover.who')}
          value={who}
          onChange={(event) => setWho(event.currentTarget.value)}
          maxLength={100}
          autoComplete="off"
          data-testid="who"
        />
        <ProofField proof={proof} onChange={setProof} />
        {proof.kind === 'pin' && (
          <Button variant="default" onClick={() => code.mutate()} loading={code.isPending} data-testid="show-code">
            {t('handover.showCode')}
          </Button>
        )}
        {proof.kind === 'pin' && code.data !== undefined && (
          <Text ta="center" fz={28} fw={700} data-testid="code">
            {code.data.pin}
          </Text>
        )}
        <ErrorNote error={sent.error ?? code.error} />
        <Button onClick={() => sent.mutate()} loading={sent.isPending} disabled={!proven} data-testid="handover-confirm">
          {t(loading ? 'handover.confirmLoad' : 'handover.confirmReceive')}
        </Button>
      </Stack>
    </Dialog>
  );
}

/** The items of the hand-over that is due, undefined when its step is not known. */
function itemsOf(task: TaskView, step: string | null): readonly string[] | undefined {
  const due = task.mission?.steps.find((known) => known.step_id === step);
  return due?.detail['items'] as string[] | undefined;
}

/** A weight that was typed in, null when there is none. */
function numeric(weight: number | string | undefined): number | null {
  return typeof weight === 'number' && weight > 0 ? weight : null;
}

function ProofField({ proof, onChange }: { proof: Proof; onChange: (proof: Proof) => void }) {
  const { t } = useTranslation();
  const kinds: { value: ProofKind; label: string }[] = [
    { value: 'none', label: t('handover.proofNone') },
    { value: 'pin', label: t('handover.proofPin') },
    { value: 'qr', label: t('handover.proofQr') },
    { value: 'badge', label: t('handover.proofBadge') },
  ];
  const field = {
    value: proof.value,
    onChange: (event: { currentTarget: { value: string } }) => onChange({ ...proof, value: event.currentTarget.value }),
    maxLength: 100,
    autoComplete: 'off',
    'data-testid': 'proof-value',
  };
  return (
    <Stack gap={4}>
      <Text size="sm" id="proof-label">
        {t('handover.proof')}
      </Text>
      <SegmentedControl
        aria-labelledby="proof-label"
        data={kinds}
        value={proof.kind}
        onChange={(kind) => onChange({ kind, value: '' })}
        styles={{ label: TOUCHED }}
        fullWidth
        data-testid="proof"
      />
      {proof.kind === 'pin' && <PasswordInput size="md" label={t('handover.pinValue')} inputMode="numeric" {...field} />}
      {proof.kind === 'qr' && <TextInput label={t('handover.qrValue')} {...field} />}
      {proof.kind === 'badge' && <TextInput label={t('handover.badgeValue')} {...field} />}
    </Stack>
  );
}
