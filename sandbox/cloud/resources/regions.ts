import { own } from "../own";
import { pattern } from "./shapes";

/**
 * Regions, with the code that stands for them in Run's older URLs (SERVICE-HASH-CODE.a.run.app). Google publishes no table
 * of these codes: they are the region ids of docs.cloud.google.com/appengine/docs/standard/reference/request-headers and of
 * URLs seen in public.
 */
const CODES: Readonly<Partial<Record<string, string>>> = {
  "africa-south1": "bq",
  "asia-east1": "de",
  "asia-east2": "df",
  "asia-northeast1": "an",
  "asia-northeast2": "dt",
  "asia-northeast3": "du",
  "asia-south1": "el",
  "asia-south2": "em",
  "asia-southeast1": "as",
  "asia-southeast2": "et",
  "australia-southeast1": "ts",
  "australia-southeast2": "km",
  "europe-central2": "lm",
  "europe-north1": "lz",
  "europe-southwest1": "no",
  "europe-west1": "ew",
  "europe-west10": "oe",
  "europe-west12": "og",
  "europe-west2": "nw",
  "europe-west3": "ey",
  "europe-west4": "ez",
  "europe-west6": "oa",
  "europe-west8": "oc",
  "europe-west9": "od",
  "me-central1": "ww",
  "me-central2": "wx",
  "me-west1": "zf",
  "northamerica-northeast1": "nn",
  "northamerica-northeast2": "pd",
  "southamerica-east1": "rj",
  "southamerica-west1": "tl",
  "us-central1": "uc",
  "us-east1": "ue",
  "us-east4": "uk",
  "us-east5": "ul",
  "us-south1": "vp",
  "us-west1": "uw",
  "us-west2": "wl",
  "us-west3": "wm",
  "us-west4": "wn",
};

export function regionCode(region: string): string | undefined {
  return own(CODES, region);
}

export const region = () =>
  pattern(
    new RegExp(`^(?:${Object.keys(CODES).join("|")})$`),
    "it must be a region that the sandbox knows, as in us-central1",
  );
