import { pluginBundle } from '../../rolldown.shared.mjs';

export default pluginBundle();
