/** TCP ports of our processes. The daemon's are ports of its node, whose network it shares. */
export const ports = {
  /** Plain HTTP for the kubelet, on the pod's address. */
  operatorHealth: 8081,
  /** HTTPS, as the Go operator has it. */
  operatorMetrics: 10_443,
  /** HTTPS, as the Go operator has it. */
  injectorWebhook: 8443,
  /** Plain HTTP for the kubelet, as the Go operator has it. */
  injectorHealth: 8444,
  /** Plain HTTP for the kubelet, on 127.0.0.1. */
  daemonHealth: 50_152,
  /** HTTPS, on every address of the node. */
  daemonMetrics: 50_153,
} as const;
