import { useTranslation } from 'react-i18next';
import { Bar, BarChart, CartesianGrid, Legend, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { Analytics } from '../api/types';

const HEIGHT = 260;
const DONE = 'var(--mantine-color-cyan-7)';
const LEFT = 'var(--mantine-color-gray-6)';
const LOST = 'var(--mantine-color-red-7)';
const GRID = 'var(--line)';
const INK = { fill: 'var(--ink)', fontSize: 13 };
const PAPER = { background: 'var(--panel)', color: 'var(--ink)', borderColor: 'var(--line)' };

/** Deliveries by the hour in which they ended. */
export function HoursChart({ hours }: { hours: Analytics['hours'] }) {
  const { t, i18n } = useTranslation();
  const long = hours.length > 24;
  const hour = new Intl.DateTimeFormat(i18n.language, {
    ...(long && { weekday: 'short' }),
    hour: '2-digit',
    hourCycle: 'h23',
  });
  const data = hours.map(({ begin, ...counts }) => ({ hour: hour.format(new Date(begin)), ...counts }));
  const total = hours.reduce((sum, { delivered }) => sum + delivered, 0);
  return (
    <div role="img" aria-label={t('analytics.hoursText', { count: total })}>
      <ResponsiveContainer width="100%" height={HEIGHT}>
        <BarChart data={data} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke={GRID} />
          <XAxis dataKey="hour" tick={INK} stroke={GRID} minTickGap={12} />
          <YAxis allowDecimals={false} width={36} tick={INK} stroke={GRID} />
          <Tooltip contentStyle={PAPER} cursor={{ fill: 'var(--line)', opacity: 0.4 }} />
          <Legend formatter={(name: string) => <span style={{ color: 'var(--ink)' }}>{name}</span>} />
          <Bar dataKey="delivered" name={t('analytics.delivered')} stackId="one" fill={DONE} isAnimationActive={false} />
          <Bar dataKey="cancelled" name={t('status.cancelled')} stackId="one" fill={LEFT} isAnimationActive={false} />
          <Bar dataKey="failed" name={t('status.failed')} stackId="one" fill={LOST} isAnimationActive={false} />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

/** What robots stood still for, in hours of all robots together. */
export function WaitsChart({ waits }: { waits: Analytics['waits'] }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const data = waits.map(({ cause, seconds }) => ({
    cause: t(`analytics.cause.${cause}` as 'analytics.cause.robot', { defaultValue: cause }),
    minutes: seconds / 60,
  }));
  const text = data.map(({ cause, minutes }) => `${cause} ${number.format(minutes)}`).join(', ');
  return (
    <div role="img" aria-label={`${t('analytics.waitMinutes')}: ${text}`} data-testid="analytics-waits">
      <ResponsiveContainer width="100%" height={60 + 40 * data.length}>
        <BarChart data={data} layout="vertical" accessibilityLayer={false}>
          <CartesianGrid horizontal={false} stroke={GRID} />
          <XAxis type="number" tick={INK} stroke={GRID} unit=" min" />
          <YAxis type="category" dataKey="cause" width={110} tick={INK} stroke={GRID} />
          <Tooltip
            contentStyle={PAPER}
            cursor={{ fill: 'var(--line)', opacity: 0.4 }}
            formatter={(value) => number.format(Number(value))}
          />
          <Bar dataKey="minutes" name={t('analytics.waitMinutes')} fill={DONE} isAnimationActive={false} />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}
