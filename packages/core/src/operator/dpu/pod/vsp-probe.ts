/** How the kubelet finds a VSP whose event loop stands still. What a plugin does not answer `dpu-vsp` finds itself. */

/** `dpu-vsp` touches it every 10 s. */
const aliveFile = '/tmp/dpu-vsp-alive';
/** Seconds: two touches may be missing. */
const oldest = 30;

/** An older `dpu-vsp` makes no such file. */
const isAlive = `test ! -e ${aliveFile} || test $(($(date +%s) - $(stat -c %Y ${aliveFile}))) -le ${oldest}`;

export const aliveVariable = { name: 'DPU_ALIVE_FILE', value: aliveFile } as const;

/** Of three small programs and not of Node, which takes 0.2 s of CPU to start. */
export const livenessProbe = {
  exec: { command: ['/bin/sh', '-c', isAlive] },
  // The file of the last container may lie in a volume that outlives it.
  initialDelaySeconds: 30,
  periodSeconds: 30,
  timeoutSeconds: 10,
  failureThreshold: 2,
};
