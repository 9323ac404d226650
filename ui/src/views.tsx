// views.tsx - what is fetched when it is opened, so that the first view stays small.
export {HistoryView} from './views/history_view';
export {PlantView} from './views/plant_view';
export {TwinView} from './views/twin_view';
