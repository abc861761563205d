import { CloudError } from "../../cloud/errors";

/** What a publisher hands over; `data` is text, not base64. */
export interface Publication {
  data?: string;
  attributes?: Record<string, string>;
  orderingKey?: string;
}

export interface Message {
  id: string;
  publishTime: number;
  data: string | undefined;
  attributes: Readonly<Record<string, string>>;
  orderingKey: string | undefined;
}

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/PubsubMessage */
export function message(id: string, publishTime: number, publication: Publication): Message {
  const { data, attributes = {}, orderingKey } = publication;
  if ((data === undefined || data === "") && Object.keys(attributes).length === 0) {
    throw new CloudError("INVALID_ARGUMENT", "A message must have data or at least one attribute.");
  }
  return { id, publishTime, data, attributes, orderingKey: orderingKey === "" ? undefined : orderingKey };
}
