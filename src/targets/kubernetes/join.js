// Joins this member to the replica set, or makes the set when no member is in one. Runs after each start; a second run
// changes nothing. Waits as long as it takes: the pod does not count as started before.
const fs = require("fs");
const os = require("os");

const members = process.env.ATLAS_MEMBERS.split(",");
const own = members.find((member) => member.startsWith(os.hostname() + "."));
const peers = members.filter((member) => member !== own);

function reach(address) {
  const user = encodeURIComponent(process.env.MONGO_INITDB_ROOT_USERNAME);
  const password = encodeURIComponent(fs.readFileSync(process.env.MONGO_INITDB_ROOT_PASSWORD_FILE, "utf8").trim());
  const options = "authSource=admin&directConnection=true&serverSelectionTimeoutMS=2000";
  return connect(`mongodb://${user}:${password}@${address}/admin?${options}`);
}

function setOf(address) {
  try {
    const hello = reach(address).hello();
    return hello.setName ? hello : null;
  } catch (error) {
    return null;
  }
}

function join() {
  // The pod's own address: while the image prepares an empty volume, its server listens on 127.0.0.1 only.
  const here = reach(own);
  if (here.hello().setName) return true;
  const found = peers.map(setOf).find((hello) => hello && hello.primary);
  if (found) {
    const primary = reach(found.primary);
    const config = primary.adminCommand({ replSetGetConfig: 1 }).config;
    // A member that lost its volume is still in the set and is told so by the others.
    if (config.members.some((member) => member.host === own)) return true;
    config.version += 1;
    const id = Math.max(...config.members.map((member) => member._id)) + 1;
    config.members.push({ _id: id, host: own });
    primary.adminCommand({ replSetReconfig: config });
    return true;
  }
  // Only the first makes the set, and only when nobody has seen one: two sets would be two truths.
  if (own !== members[0]) return false;
  here.adminCommand({ replSetInitiate: { _id: process.env.ATLAS_REPLICA_SET, members: [{ _id: 0, host: own }] } });
  return true;
}

for (;;) {
  try {
    if (join()) break;
  } catch (error) {
    print(error.message);
  }
  sleep(1000);
}
