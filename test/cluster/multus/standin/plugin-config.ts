import { CniError, codes } from './errors.ts';

export type PluginConfig = Record<string, unknown> & { type: string };

/** A network to call: its plugins in order, whether they came as a list or alone. */
export interface NetworkConfig {
  name: string;
  cniVersion: string;
  plugins: PluginConfig[];
}

export interface AttachmentChoices {
  /** Allocated by a device plugin; handed to each plugin of the network, as Multus does. */
  deviceId?: string;
  /** Values for plugins that announce the capability of the same name. */
  capabilityArgs?: Record<string, unknown>;
}

/** Reads a network configuration, a single plugin's or a list, and puts the attachment's own values into it. */
export function readNetworkConfig(
  text: string,
  fallback: { name: string; cniVersion: string },
  choices: AttachmentChoices = {},
): NetworkConfig {
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new CniError(codes.decodingFailure, `network ${fallback.name}: its configuration is not JSON`, String(error));
  }
  const plugins = (Array.isArray(config.plugins) ? config.plugins : [config]) as PluginConfig[];
  for (const plugin of plugins) {
    if (typeof plugin.type !== 'string') {
      throw new CniError(codes.invalidConfig, `network ${fallback.name}: a plugin has no type`, text);
    }
  }
  return {
    name: String(config.name ?? fallback.name),
    cniVersion: String(config.cniVersion ?? fallback.cniVersion),
    plugins: plugins.map((plugin) => completed(plugin, choices)),
  };
}

function completed(plugin: PluginConfig, { deviceId, capabilityArgs = {} }: AttachmentChoices): PluginConfig {
  const { capabilities, ...config } = plugin;
  const wanted = Object.entries(capabilityArgs).filter(
    ([name, value]) => value !== undefined && (capabilities as Record<string, boolean> | undefined)?.[name],
  );
  return {
    ...config,
    type: plugin.type,
    ...(deviceId !== undefined && { deviceID: deviceId }),
    ...(wanted.length > 0 && { runtimeConfig: Object.fromEntries(wanted) }),
  };
}
