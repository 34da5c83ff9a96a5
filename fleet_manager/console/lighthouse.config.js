import desktop from 'lighthouse/core/config/desktop-config.js';

/** The desktop preset; what the browser was told about the ward stays, all that was fetched before goes. */
export default {
  ...desktop,
  settings: {
    ...desktop.settings,
    onlyCategories: ['performance', 'accessibility'],
    clearStorageTypes: ['file_systems', 'shader_cache', 'service_workers', 'cache_storage'],
  },
};
