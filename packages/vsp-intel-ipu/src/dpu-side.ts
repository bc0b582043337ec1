/** The DPU's side, on the ACC: the data path, and interfaces for network functions. */
import type { Plugin, PluginContext } from '@dpu-operator/sdk';
import { ClosedMarker, ownerOf, watchLinks } from '@dpu-operator/sdk/linux';
import type { Bridging } from './bridge/bridging.ts';
import { LinuxBridging } from './bridge/linux-bridging.ts';
import { OvsBridging } from './bridge/ovs-bridging.ts';
import { keepChannel } from './channel.ts';
import { IpuDataPath } from './data-path.ts';
import { Card } from './fxp/card.ts';
import { Journal } from './fxp/journal.ts';
import { Imc } from './imc/imc.ts';
import { FunctionDevices } from './interfaces/function-devices.ts';
import { CardFunctions } from './interfaces/functions.ts';
import { daemonAddress, isOurBridge, type Settings } from './settings.ts';

export async function createDpuSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { dpu, settings, secrets, platform, status, logger, signal, stateDirectory } = context;
  const { links, clock } = platform;
  const { representors } = settings;
  const journal = new Journal(stateDirectory);
  await journal.load();
  const imc = new Imc({ target: settings.imc, secrets, clock });
  const functions = new CardFunctions({ imc, vsiFromMac: settings.vsiFromMac, clock, status });
  const card = new Card({ settings, functions, links, clock, status, logger, onReady: () => dataPath.lost() });
  const owner = ownerOf(dpu.identifier);
  const bridging = bridgingOf(context, owner, () => dataPath.lost());
  const closed = ClosedMarker.ofNode(owner, stateDirectory);
  const { reapply } = context;
  const isOvs = settings.bridge === 'ovs';
  const dataPath = new IpuDataPath({
    card,
    functions,
    journal,
    bridging,
    perBridge: isOvs,
    closed,
    links,
    clock,
    logger,
    reapply,
  });
  const devices = new FunctionDevices({ names: settings.functionDevices, platform, logger, stateDirectory });
  await devices.start();
  const bridgeWatch = { signal, onRestart: () => dataPath.bridgeGone(), ...(links.netns && { netns: links.netns }) };
  watchLinks(({ name, deleted }) => {
    if (deleted && isOurBridge(name)) dataPath.bridgeGone();
  }, bridgeWatch);
  secrets.watch(() => {
    functions.credentialsChanged();
    card.lookAgain();
  });
  await keepChannel('dpu', context);
  await card.start(signal);
  return {
    address: daemonAddress(settings),
    getDevices: async () => devices.devices(),
    watchDevices: (onChange) => devices.watch(onChange),
    // The interfaces of the ACC are as many as its firmware says. To have none of them means that the DPU is taken away.
    setNumVfs: async (count) => {
      if (count === 0) await closed.clearAll();
      return settings.functionDevices.length;
    },
    dataPath,
    healthy: async () => card.isReady,
    limits: {
      maxVfs: settings.functionDevices.length,
      maxBridgePorts: representors.hosts.length,
      trunk: isOvs,
      vxlan: false,
      perBridge: isOvs,
    },
    close: async () => {
      dataPath.close();
      card.close();
      functions.close();
      devices.close();
      await bridging.close();
    },
  };
}

function bridgingOf(
  { settings, platform, logger }: PluginContext<Settings>,
  owner: string,
  onLost: () => void,
): Bridging {
  const { representors, uplink, bridge, ovsDatabase } = settings;
  if (bridge === 'ovs') {
    return new OvsBridging({ platform, logger, owner, uplink: uplink.secondary, database: ovsDatabase, onLost });
  }
  const ours = new Set([...representors.hosts, ...representors.functions.flat(), uplink.secondary]);
  return new LinuxBridging({ links: platform.links, uplink: uplink.secondary, ours });
}
