import { describe, expect, it } from 'vitest';
import { en } from './en';
import { away, clock, minutes } from './time';
import { zh } from './zh';

type Words = { readonly [key: string]: string | Words };

function texts(words: Words, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value] as [string, string]] : texts(value, `${path}${key}.`),
  );
}

const holes = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((hole) => hole[1] ?? '').sort();

describe('the words of the console', () => {
  it('are all there in Chinese, with the same blanks to fill', () => {
    const chinese = new Map(texts(zh));
    for (const [key, text] of texts(en)) {
      expect(chinese.get(key), key).toBeTruthy();
      expect(holes(chinese.get(key) ?? ''), key).toEqual(holes(text));
    }
  });

  it('use the field’s own Chinese words', () => {
    expect(Object.values(zh.priority)).toEqual(['特急', '紧急', '常规', '空闲时']);
    expect([zh.zone.clean, zh.zone.semi_contaminated, zh.zone.contaminated]).toEqual(['清洁区', '潜在污染区', '污染区']);
    expect(zh.task.eta).toBe('预计送达');
    expect([zh.mode.estop, zh.robot.pause]).toEqual(['急停', '暂停']);
    expect(texts(zh).filter(([, text]) => text.includes('保证') || text.includes('半污染区'))).toEqual([]);
  });
});

describe('times', () => {
  const now = new Date(2026, 2, 1, 8, 0).getTime();

  it('are local, with the date when it is another day', () => {
    expect(clock('en', new Date(2026, 2, 1, 9, 5).toISOString(), now)).toBe('09:05');
    expect(clock('en', new Date(2026, 2, 2, 9, 5).toISOString(), now)).toContain('Mar 2');
  });

  it('are told as how far away they are', () => {
    expect(away('en', new Date(now + 240_000).toISOString(), now)).toBe('in 4 min.');
    expect(away('zh', new Date(now - 30_000).toISOString(), now)).toBe('30秒前');
    expect(minutes('en', 30_000)).toBe('1 min');
  });
});
