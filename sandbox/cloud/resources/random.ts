import { z } from "zod/mini";
import { pick } from "./identifiers";
import { kind, type Context, type Identity, type Kind } from "./kind";
import { block, flag, optional, textMap, whole } from "./shapes";
import { isUnknown, type Props } from "./values";

const ALPHABETS = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  numeric: "0123456789",
  special: "!@#$%&*()-_=+[]{}<>:?",
} as const;

const ALPHABET_NAMES = ["lower", "upper", "numeric", "special"] as const;
const STRING = "random:index/randomString:RandomString";
const ID = "random:index/randomId:RandomId";

/** github.com/hashicorp/terraform-provider-random, docs/resources/string.md: any change makes another one. */
export const randomString: Kind<never> = kind(
  () =>
    block({
      length: whole(1, 4096),
      special: optional(flag),
      upper: optional(flag),
      lower: optional(flag),
      numeric: optional(flag),
      keepers: optional(textMap()),
    }),
  {
    token: STRING,
    apis: [],
    replaceOn: "everything",
    fromProvider: {},
    defaults: { special: true, upper: true, lower: true, numeric: true },
    computed: ["result"],
    rules: (inputs) =>
      alphabetOf(inputs) === ""
        ? [
            {
              property: "lower",
              reason: "leaves no characters: one of lower, upper, numeric and special must be true",
            },
          ]
        : [],
    identify: (cx, inputs) =>
      identity(cx, STRING, () =>
        Array.from({ length: inputs.length }, () => pick(() => cx.cloud.random(), alphabetOf(inputs))).join(
          "",
        ),
      ),
    create: (_cx, _inputs, result) => ({ computed: { result } }),
  },
);

/** github.com/hashicorp/terraform-provider-random, docs/resources/id.md */
export const randomId: Kind<never> = kind(
  () =>
    block({
      byteLength: whole(1, 1024),
      prefix: optional(z.string()),
      keepers: optional(textMap()),
    }),
  {
    token: ID,
    apis: [],
    replaceOn: "everything",
    fromProvider: {},
    computed: ["b64Std", "b64Url", "dec", "hex"],
    identify: (cx, inputs) =>
      identity(cx, ID, () =>
        Buffer.from(
          Array.from({ length: inputs.byteLength }, () => Math.floor(cx.cloud.random() * 256)),
        ).toString("base64url"),
      ),
    create: (_cx, inputs, id) => {
      const bytes = Buffer.from(id, "base64url");
      const prefix = inputs.prefix ?? "";
      const hex = bytes.toString("hex");
      return {
        computed: {
          b64Std: prefix + bytes.toString("base64"),
          b64Url: prefix + id,
          dec: prefix + BigInt(`0x${hex}`).toString(),
          hex: prefix + hex,
        },
      };
    },
  },
);

function alphabetOf(inputs: Props): string {
  return ALPHABET_NAMES.filter((name) => inputs[name] === true || isUnknown(inputs[name]))
    .map((name) => ALPHABETS[name])
    .join("");
}

// The value is the id, so two resources of one value would be one: short ones are drawn again.
function identity(cx: Context, token: string, draw: () => string): Identity {
  let id = draw();
  for (let tries = 0; cx.cloud.store.get(token, id) !== undefined && tries < 1000; tries++) id = draw();
  return { id, fullName: `//random/${token}/${id}`, project: "" };
}
