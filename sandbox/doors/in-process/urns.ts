export { urnOf } from "../shared/urns";
