import { createTheme } from '@mantine/core';

const TOUCH = 44;

/** Calm colours, no downloaded fonts, and nothing to press that is lower than 44 px. */
export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: 9,
  autoContrast: true,
  luminanceThreshold: 0.35,
  defaultRadius: 'md',
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
  components: {
    Button: {
      defaultProps: { h: 'auto', mih: TOUCH, py: 6 },
      styles: { label: { whiteSpace: 'normal', lineHeight: 1.25 } },
    },
    ActionIcon: { defaultProps: { size: TOUCH, variant: 'default' } },
    TextInput: { defaultProps: { size: 'md' } },
    NumberInput: { defaultProps: { size: 'md', hideControls: true } },
    Select: { defaultProps: { size: 'md' } },
    Textarea: { defaultProps: { size: 'md' } },
    CloseButton: { defaultProps: { size: TOUCH } },
  },
});
