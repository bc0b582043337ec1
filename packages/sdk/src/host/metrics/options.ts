/** Where a VSP serves its metrics. */
export interface MetricsOptions {
  /** Unix socket for HTTP: `/metrics`, `/healthz`, `/readyz`. Its directory must exist; gets mode 0600. */
  socketPath: string;
  /** Name of the DataProcessingUnit: label `dpu` of every line. */
  dpuName: string;
}
