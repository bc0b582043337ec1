/** The plugin: what one side of a DPU serves. */
import type { Plugin, PluginContext } from '@dpu-operator/sdk';
import type { Card } from './card.ts';
// #region contract:bridge,networkFunctions,chains
import { CardDataPath } from './data-path.ts';
// #endregion
import type { Settings } from './settings.ts';

/** Where the daemon of the DPU's own node listens for that of its host. */
const daemonPort = 50151;

export async function createDpu({ dpu, settings, node, logger }: PluginContext<Settings>, card: Card): Promise<Plugin> {
  await card.start();
  logger.info({ side: dpu.side }, 'the card is ready');
  const dpuIp = dpu.side === 'dpu' ? node.ip : (settings.dpuIp ?? node.ip);
  const plugin: Plugin = {
    address: { ip: dpuIp, port: daemonPort },
    limits: card.limits,
    getDevices: () => card.devices(),
    setNumVfs: (count) => card.setNumVfs(count),
    watchDevices: (onChange) => card.watch(onChange),
    healthy: () => card.healthy(),
    close: () => card.stop(),
  };
  // #region contract:bridge,networkFunctions,chains
  if (dpu.side === 'dpu') plugin.dataPath = new CardDataPath(card);
  // #endregion
  // #region contract:networkConfig
  plugin.networkConfig = { setNetworkConfig: ({ isAccelerated }) => card.setAccelerated(isAccelerated) };
  // #endregion
  return plugin;
}
