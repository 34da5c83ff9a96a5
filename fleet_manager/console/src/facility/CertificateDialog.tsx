import { Alert, Badge, Button, Group, Loader, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { certificatePdf, getCertificate } from '../api/client';
import type { CertificateView } from '../api/types';
import { placeText, withoutIds } from '../i18n/places';
import { clock, lasting } from '../i18n/time';
import { ErrorNote } from '../shell/ErrorNote';
import { useNow } from '../stream/context';
import { Dialog } from '../tasks/Dialog';
import { DoseMap } from './DoseMap';
import { OFTEN_MS } from './FacilityPage';

interface Props {
  task: string;
  growing?: boolean;
  onClose: () => void;
}

/** The record of a disinfection; while it lasts (`growing`) the map fills as the lamp shines. */
export function CertificateDialog({ task, growing = false, onClose }: Props) {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: ['certificate', task],
    queryFn: () => getCertificate(task),
    retry: false,
    refetchInterval: growing ? OFTEN_MS : false,
  });
  return (
    <Dialog title={t('certificate.title', { task })} onClose={onClose}>
      {found.data === undefined && found.error === null && <Loader />}
      <ErrorNote error={found.error} />
      {found.data !== undefined && <Certificate proof={found.data} growing={growing} />}
    </Dialog>
  );
}

function Certificate({ proof, growing }: { proof: CertificateView; growing: boolean }) {
  const { t, i18n } = useTranslation();
  const now = useNow(30_000);
  const at = (moment: string | null) => (moment === null ? '–' : clock(i18n.language, moment, now));
  const dose = (value: number) => t('certificate.dose', { dose: Math.round(value), mj: (value / 10).toFixed(1) });
  const by = (who: string | null, moment: string | null) => (who === null ? '–' : `${who}, ${at(moment)}`);
  const rows: [string, string][] = [
    [t('certificate.ordered'), by(proof.ordered_by, proof.ordered_at)],
    [t('certificate.cleaned'), by(proof.cleaned_by, proof.cleaned_at)],
    [t('certificate.confirmed'), by(proof.confirmed_by, proof.confirmed_at)],
    [t('certificate.robot'), proof.robot],
    [t('certificate.times'), `${at(proof.began_at)} – ${at(proof.ended_at)}`],
    [t('certificate.covered'), `${(proof.covered_share * 100).toFixed(1)} %`],
  ];
  const spray = proof.spray ?? null;
  if (spray !== null) {
    rows.push(
      [t('certificate.agent'), `${spray.agent_name}, ${spray.concentration} g/L`],
      [t('certificate.volume'), `${Math.round(spray.volume * 1000)} mL/m² · ${spray.litres.toFixed(1)} L`],
      [t('certificate.sorties'), t('certificate.refills', { sorties: spray.sorties, refills: spray.refills })],
      [t('certificate.order'), spray.ordered_by === null ? '–' : `${spray.ordered_by}: ${spray.order_reason ?? ''}`],
      [t('certificate.reEntry'), at(spray.re_entry_at)],
    );
  } else {
    rows.push(
      [t('certificate.lamp'), t('certificate.lampHours', { hours: Math.round(proof.lamp_hours), checked: at(proof.lamp_checked_at) })],
      [t('certificate.shone'), lasting(i18n.language, proof.seconds_on * 1000)],
      [t('certificate.asked'), dose(proof.asked)],
      [t('certificate.minimum'), dose(proof.minimum)],
      [t('certificate.percentile'), dose(proof.percentile_5)],
      [t('certificate.shadowed'), `${(proof.shadowed_share * 100).toFixed(1)} %`],
    );
  }
  return (
    <Stack gap="sm" data-testid="certificate" data-complete={proof.complete}>
      <Group justify="space-between">
        <Text fw={600}>{placeText(t, proof.zone_name ?? proof.zone)}</Text>
        <Badge color={proof.complete ? 'green' : growing ? 'blue' : 'red'}>
          {t(proof.complete ? 'certificate.complete' : growing ? 'certificate.growing' : 'certificate.incomplete')}
        </Badge>
      </Group>
      {spray === null && <DoseMap proof={proof} />}
      <Table withRowBorders={false} verticalSpacing={2} horizontalSpacing={0}>
        <Table.Tbody>
          {rows.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th fw={400} c="dimmed" w="45%">
                {name}
              </Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {proof.interruptions.length > 0 && (
        <Stack gap={2}>
          <Text fw={600} size="sm">
            {t('certificate.interruptions')}
          </Text>
          {proof.interruptions.map((one) => (
            <Text size="sm" key={one.at}>
              {at(one.at)}: {withoutIds(t, one.because)}
              {one.confirmed_by !== null && ` · ${t('certificate.resumed', { who: one.confirmed_by, time: at(one.over) })}`}
            </Text>
          ))}
        </Stack>
      )}
      {proof.below_target.length > 0 && (
        <Alert color="red" title={t('certificate.below', { count: proof.below_target.length })}>
          {proof.below_target.slice(0, 8).map((target) => target.name).join(', ')}
        </Alert>
      )}
      {proof.untreated.length > 0 && (
        <Alert color="orange" title={t('certificate.untreated')}>
          {proof.untreated.map((target) => target.name).join(', ')}
        </Alert>
      )}
      <Text size="xs" c="dimmed">
        {t(spray === null ? 'certificate.statement' : 'certificate.sprayStatement')}
      </Text>
      {!growing && (
        <Button component="a" href={certificatePdf(proof.task)} target="_blank" variant="default" data-testid="certificate-pdf">
          {t('certificate.pdf')}
        </Button>
      )}
    </Stack>
  );
}
