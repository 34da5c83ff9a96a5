import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './en';
import { zh } from './zh';

export const LANGUAGES = [
  { value: 'en', tag: 'en', label: 'English', short: 'EN' },
  { value: 'zh', tag: 'zh-CN', label: '简体中文', short: '中文' },
] as const;

const STORED = 'wardfleet.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}

export async function startLanguage(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
    localStorage.setItem(STORED, language);
  });
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, zh: { translation: zh } },
    lng: localStorage.getItem(STORED) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en'),
    fallbackLng: 'en',
    showSupportNotice: false,
    interpolation: { escapeValue: false },
  });
}
