/** The DPU's side, on the ACC: the data path, and interfaces for network functions. */
import type { Plugin, PluginContext } from '@dpu-operator/sdk';
import type { Bridging } from './bridge/bridging.ts';
import { LinuxBridging } from './bridge/linux-bridging.ts';
import { OvsBridging } from './bridge/ovs-bridging.ts';
import { Card } from './card.ts';
import { keepChannel } from './channel.ts';
import { IpuDataPath } from './data-path.ts';
import { FunctionDevices } from './function-devices.ts';
import { CardFunctions } from './functions.ts';
import { Imc } from './imc/imc.ts';
import { Journal } from './journal.ts';
import { daemonAddress, type Settings } from './settings.ts';

export async function createDpuSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { settings, secrets, platform, status, logger, signal, stateDirectory } = context;
  const { links, clock } = platform;
  const { representors } = settings;
  const journal = new Journal(stateDirectory);
  await journal.load();
  const imc = new Imc({ target: settings.imc, secrets, clock });
  const functions = new CardFunctions({ imc, vsiFromMac: settings.vsiFromMac, clock, status });
  const card = new Card({ settings, functions, links, clock, status, logger, onReady: () => dataPath.lost() });
  const bridging = bridgingOf(context, () => dataPath.lost());
  const { reapply } = context;
  const dataPath = new IpuDataPath({ card, functions, journal, bridging, links, clock, logger, reapply });
  const devices = new FunctionDevices({ names: settings.functionDevices, platform, logger, stateDirectory });
  await devices.start();
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
    // The interfaces of the ACC are as many as its firmware says.
    setNumVfs: async () => settings.functionDevices.length,
    dataPath,
    limits: {
      maxVfs: settings.functionDevices.length,
      maxBridgePorts: representors.hosts.length,
      trunk: settings.bridge === 'ovs',
      vxlan: false,
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

function bridgingOf({ settings, platform, logger, dpu }: PluginContext<Settings>, onLost: () => void): Bridging {
  const { representors, uplink, bridge, ovsDatabase } = settings;
  if (bridge === 'ovs') {
    const { identifier } = dpu;
    return new OvsBridging({ platform, logger, identifier, uplink: uplink.secondary, database: ovsDatabase, onLost });
  }
  const ours = new Set([...representors.hosts, ...representors.functions.flat(), uplink.secondary]);
  return new LinuxBridging({ links: platform.links, uplink: uplink.secondary, ours });
}
