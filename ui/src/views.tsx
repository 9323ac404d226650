// views.tsx - what is fetched when it is opened, so that the first view stays small.
import './shell';  // is there by then: so what both use is in one file, that of the page
export {HistoryView} from './views/history_view';
export {ModelsView} from './views/models_view';
export {PlantView} from './views/plant_view';
export {TwinView} from './views/twin_view';
