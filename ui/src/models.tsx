// models.tsx - the Models view and its words, fetched when it is opened.
import './shell';  // is there by then: so what both use is in one file, that of the page
import {addWords} from './i18n';

await addWords(async (lang) => (lang === 'ko' ? await import('./words/models_ko') : await import('./words/models_en')).default);

export {ModelsView} from './views/models_view';
