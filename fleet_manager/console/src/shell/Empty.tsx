import { Stack, Text } from '@mantine/core';

/** What a list says when there is nothing in it. */
export function Empty({ title, children }: { title: string; children: string }) {
  return (
    <Stack gap={4} py="lg" align="center" ta="center">
      <Text fw={600}>{title}</Text>
      <Text c="dimmed" size="sm" maw={320}>
        {children}
      </Text>
    </Stack>
  );
}
