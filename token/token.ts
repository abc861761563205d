import { decodeJwt, type JWTPayload } from "jose";
import { trustGraph } from "../trust/graph";
import { choose, type Choice } from "./choice";
import { impersonate } from "./impersonate";
import type { World } from "./world";

/** A token, and what there is to say about it. */
export interface Token {
  token: string;
  claims: JWTPayload;
  choice: Choice;
  where: string;
  /** How to use it, or what came of it. */
  use: string[];
}

/** The choice and the way to the token are the same in every world; only credentials and addresses differ. */
export async function tokenIn(
  world: World,
  { target, as }: { target: string; as?: string },
  say: (line: string) => void,
): Promise<Token> {
  try {
    const choice = choose(trustGraph(await world.resources()), target, as);
    const operator = await world.operator(choice);
    const token = await impersonate(operator, choice, world.endpoint);
    if (!choice.letIn) {
      say(`Nothing in the stack lets ${choice.caller.name} into ${choice.target.name}: expect a refusal.`);
    }
    return {
      token,
      claims: decodeJwt(token),
      choice,
      where: world.where,
      use: await world.use(token, choice),
    };
  } finally {
    await world.stop();
  }
}
