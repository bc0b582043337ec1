// Original file: proto/dpu_operator/v1/replay.proto

import type { Method } from '../../../wire/grpc/method.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';

export type ReplayService = {
  CompleteReplay: Method<_google_protobuf_Empty, _google_protobuf_Empty, _google_protobuf_Empty__Output, _google_protobuf_Empty__Output>
};
