/** A gRPC service of a plugin's own, beside those of the contract. */

/** A method as @grpc/grpc-js and @grpc/proto-loader describe it. Of streams only those of the server are served. */
export interface ServiceMethod {
  /** `/acme.card.v1.Counters/Read` */
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  requestSerialize(value: never): Buffer;
  requestDeserialize(bytes: Buffer): unknown;
  responseSerialize(value: never): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
  /** What proto-loader adds: the files of the service, which reflection answers. */
  requestType?: { fileDescriptorProtos?: readonly Uint8Array[] };
}

/**
 * Served from `create` on, counted in the metrics, shown by reflection and announced in PluginInfo under its full name. Its
 * package is the vendor's or one of OPI that the contract does not have, e.g. `opi_api.storage.v1`: not `dpu_operator`,
 * `opi_api.lifecycle`, `opi_api.network.evpn_gw`, `Vendor`, `grpc` or `google`.
 *
 * @example
 * const { acme } = grpc.loadPackageDefinition(protoLoader.loadSync('counters.proto'));
 * return { address, getDevices, setNumVfs, services: [{
 *   definition: acme.card.v1.Counters.service,
 *   handlers: { Read: async ({ port }: { port: string }) => ({ packets: await card.packets(port) }) },
 * }] };
 */
export interface PluginService {
  /** The methods by name. */
  definition: Readonly<Record<string, ServiceMethod>>;
  /**
   * For each method what answers it: a promise of the answer, or for a method that streams an iterable of answers. `signal`
   * is aborted when the caller has gone. What is thrown reaches the caller as a DpuError does.
   */
  handlers: Readonly<
    Record<string, (request: never, call: { signal: AbortSignal }) => Promise<unknown> | AsyncIterable<unknown>>
  >;
}
