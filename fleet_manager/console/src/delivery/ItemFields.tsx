import { ActionIcon, Button, Fieldset, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../shell/icons';
import { useSite } from '../shell/site';
import { EMPTY_ITEM, type DraftItem } from './draft';

const MOST_ITEMS = 100;
const MOST_OF_ONE = 10_000;

interface Props {
  items: readonly DraftItem[];
  onChange: (items: readonly DraftItem[]) => void;
  errorOf: (field: string) => string | boolean;
}

export function ItemFields({ items, onChange, errorOf }: Props) {
  const { t } = useTranslation();
  const { item_classes } = useSite();
  const classes = item_classes.map((goods) => ({ value: goods.id, label: goods.name }));
  const change = (index: number, part: Partial<DraftItem>) =>
    onChange(items.map((item, at) => (at === index ? { ...item, ...part } : item)));
  return (
    <Fieldset legend={t('request.items')} p="sm">
      <Stack gap="md">
        {items.map((item, index) => (
          <Stack gap="xs" key={index}>
            <Group gap="xs" wrap="nowrap" align="flex-end">
              <TextInput
                label={t('request.itemName', { number: index + 1 })}
                placeholder={t('request.itemNameHint')}
                value={item.name}
                onChange={(event) => change(index, { name: event.currentTarget.value })}
                error={errorOf(`items.${index}.name`)}
                maxLength={200}
                flex={1}
                data-testid={`item-name-${index}`}
              />
              {items.length > 1 && (
                <ActionIcon
                  onClick={() => onChange(items.filter((_, at) => at !== index))}
                  aria-label={t('request.removeItem', { number: index + 1 })}
                >
                  <Icon shape="remove" />
                </ActionIcon>
              )}
            </Group>
            <Group gap="xs" wrap="nowrap" align="flex-start">
              <NumberInput
                label={t('request.quantity')}
                value={item.quantity}
                onChange={(quantity) => change(index, { quantity: typeof quantity === 'number' ? quantity : '' })}
                error={errorOf(`items.${index}.quantity`)}
                min={1}
                max={MOST_OF_ONE}
                allowDecimal={false}
                w={110}
                data-testid={`item-quantity-${index}`}
              />
              <Select
                label={t('request.itemClass')}
                placeholder={t('request.noClass')}
                data={classes}
                value={item.itemClass}
                onChange={(itemClass) => change(index, { itemClass })}
                error={errorOf(`items.${index}.item_class`)}
                clearable
                flex={1}
                styles={{ option: { minHeight: 44 } }}
                data-testid={`item-class-${index}`}
              />
            </Group>
          </Stack>
        ))}
        {items.length < MOST_ITEMS && (
          <Button
            variant="light"
            onClick={() => onChange([...items, EMPTY_ITEM])}
            leftSection={<Icon shape="add" />}
            data-testid="add-item"
          >
            {t('request.addItem')}
          </Button>
        )}
      </Stack>
    </Fieldset>
  );
}
