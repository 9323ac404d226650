// close_up.tsx - what is fetched when somebody looks at the guard closely or wants to do something to it.
import '../shell';  // is there by then: so what both use is in one file, that of the page
export {DeedDialog} from './deed_dialog';
export {GuardPanel} from './panel';
