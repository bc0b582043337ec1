import { readFileSync } from 'node:fs';
import type { Invocation } from './call-plugin.ts';
import { CniError, codes } from './errors.ts';
import { MetaPlugin, type StandinConfig } from './meta-plugin.ts';

const supportedVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

let cniVersion = '1.0.0';
try {
  const answer = await answerTo(process.env.CNI_COMMAND);
  if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`);
} catch (error) {
  process.stdout.write(`${CniError.from(error).toJson(cniVersion)}\n`);
  process.exitCode = 1;
}

async function answerTo(command: string | undefined): Promise<unknown> {
  if (command === undefined) {
    throw new CniError(
      codes.invalidEnvironment,
      'This is a stand-in for Multus, for test clusters that cannot pull its image. It is a CNI plugin: CNI_COMMAND is not set.',
    );
  }
  const config = readConfig();
  cniVersion = config.cniVersion;
  if (command === 'VERSION') return { cniVersion, supportedVersions };
  const env = process.env;
  const plugin = new MetaPlugin(config, {
    command: command as Invocation['command'],
    containerId: env.CNI_CONTAINERID ?? '',
    netns: env.CNI_NETNS ?? '',
    ifname: env.CNI_IFNAME ?? '',
    args: env.CNI_ARGS ?? '',
    path: env.CNI_PATH ?? '/opt/cni/bin',
  });
  switch (command) {
    case 'ADD':
      return plugin.add();
    case 'DEL':
      return plugin.del();
    case 'CHECK':
      return plugin.check();
    case 'STATUS':
      return plugin.status();
    default:
      throw new CniError(codes.invalidEnvironment, `CNI_COMMAND ${command} is not supported`);
  }
}

function readConfig(): StandinConfig {
  try {
    return JSON.parse(readFileSync(0, 'utf8'));
  } catch (error) {
    throw new CniError(codes.decodingFailure, 'the configuration on standard input is not JSON', String(error));
  }
}
