/** This machine as the one beyond a card's uplink. */
import { execa } from 'execa';
import type { Outside } from '../../steps/main-job.ts';
import { type ExternalClient, networkOf } from '../cards/real-cards.ts';

export function thisMachine({ functionAddress, address, device }: ExternalClient): Outside {
  let podRoute: string[] = [];
  return {
    functionAddress,
    address: withoutPrefix(address),
    network: networkOf(address),
    connect: async (podNetwork) => {
      podRoute = [podNetwork, 'via', withoutPrefix(functionAddress), 'dev', device];
      await ip('addr', 'replace', address, 'dev', device);
      await ip('link', 'set', device, 'up');
      await ip('route', 'replace', ...podRoute);
    },
    disconnect: async () => {
      if (podRoute.length === 0) return;
      await ip('route', 'del', ...podRoute);
      await ip('addr', 'del', address, 'dev', device);
    },
  };
}

const withoutPrefix = (address: string): string => address.replace(/\/.*/, '');

/** @throws Error with the words of `ip` */
async function ip(...args: string[]): Promise<void> {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const [program = '', ...argv] = [...sudo, 'ip', ...args];
  await execa(program, argv);
}
