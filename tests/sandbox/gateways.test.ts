import { GatewayWorld } from "../support/gateways";
import type { GatewayKind } from "../support/gateways";

describe.each<GatewayKind>(["EndpointsService", "ApiGateway"])("%s", (kind) => {
  test("smoke", async () => {
    const world = new GatewayWorld(kind);
    await world.up();
    const fired = await world.fire();
    console.log(JSON.stringify(Object.values(fired).map((a) => [a?.outcome, a?.reason, a?.verdict?.assumed])), world.url);
    console.log(JSON.stringify(world.reached[0]));
    const a = await world.call();
    console.log(a);
    console.log(world.deployed?.lines());
    world.stop();
  });
});
