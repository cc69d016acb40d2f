"""A newcomer who knows the gateway's address and nothing else, played by slixmpp.

Arguments: user JID, password, host, port, gateway domain, and the mail address of somebody.
Prints one line for each thing that worked, in order; whatever goes wrong ends it with exit code 1.
"""

import asyncio
import sys

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream import ET

PATIENCE = 20
REGISTER = "jabber:iq:register"
GATEWAY = "jabber:iq:gateway"
FORM = "{jabber:x:data}"


class Newcomer(slixmpp.ClientXMPP):
    def __init__(self, jid, password, gateway, friend):
        super().__init__(jid, password)
        self.gateway, self.friend = gateway, friend
        self.failure = "the session did not begin"
        self.said, self.receipts, self.seen_presence = asyncio.Queue(), asyncio.Queue(), asyncio.Queue()
        for plugin in ("xep_0004", "xep_0030", "xep_0050", "xep_0054", "xep_0059", "xep_0092", "xep_0115", "xep_0184", "xep_0199"):
            self.register_plugin(plugin)
        self["feature_mechanisms"].unencrypted_plain = True
        self["xep_0184"].auto_request = False
        self.add_event_handler("session_start", self.play)
        self.add_event_handler("failed_auth", lambda _: self.end("the login failed"))
        self.add_event_handler("message", self.said.put_nowait)
        self.add_event_handler("receipt_received", self.receipts.put_nowait)
        self.add_event_handler("presence_available", self.seen_presence.put_nowait)

    async def play(self, _):
        try:
            self.send_presence()
            await self.get_roster()
            await self.discover()
            await self.register_here()
            contact = await self.add_friend()
            await self.write(contact)
            await self.command()
            self.end(None)
        except (IqError, IqTimeout) as error:
            self.end(f"a request failed: {error.iq if isinstance(error, IqError) else error}")
        except Exception as error:  # whatever it is, the scenario must see it
            self.end(f"{type(error).__name__}: {error}")

    def end(self, failure):
        self.failure = failure
        self.disconnect()

    async def discover(self):
        info = await self["xep_0030"].get_info(jid=self.gateway, cached=False)
        kinds = {(category, kind) for category, kind, _, _ in info["disco_info"]["identities"]}
        assert ("gateway", "smtp") in kinds, kinds
        features = info["disco_info"]["features"]
        assert {REGISTER, GATEWAY, "http://jabber.org/protocol/commands"} <= set(features), features
        version = await self["xep_0092"].get_version(self.gateway)
        assert version["software_version"]["name"] == "Causeway", version
        print("discovered")

    def iq(self, kind, query):
        iq = self.make_iq(ito=self.gateway, itype=kind)
        iq.set_payload(query)
        return iq.send(timeout=PATIENCE)

    async def register_here(self):
        asked = await self.iq("get", ET.Element(f"{{{REGISTER}}}query"))
        form = asked.xml.find(f".//{FORM}x")
        assert form is not None, asked
        query = ET.Element(f"{{{REGISTER}}}query")
        submit = ET.SubElement(query, f"{FORM}x", {"type": "submit"})
        for field in form.findall(f"{FORM}field"):
            name, values = field.get("var"), [value.text or "" for value in field.findall(f"{FORM}value")]
            if name and field.get("type") != "fixed" and values:
                filled = ET.SubElement(submit, f"{FORM}field", {"var": name})
                for value in values:
                    ET.SubElement(filled, f"{FORM}value").text = value
        await self.iq("set", query)
        await self.present(self.gateway)
        print("registered")

    async def present(self, jid):
        while True:
            presence = await asyncio.wait_for(self.seen_presence.get(), PATIENCE)
            if presence["from"].bare == jid:
                return

    async def add_friend(self):
        query = ET.Element(f"{{{GATEWAY}}}query")
        ET.SubElement(query, f"{{{GATEWAY}}}prompt").text = self.friend
        found = await self.iq("set", query)
        jid = found.xml.find(f".//{{{GATEWAY}}}jid").text
        self.send_presence_subscription(pto=jid, ptype="subscribe")
        await self.present(jid)
        card = await self["xep_0054"].get_vcard(jid)
        assert self.friend in str(card), card
        print("added", jid)
        return jid

    async def write(self, contact):
        message = self.make_message(mto=contact, mbody="By a name I know not how to tell thee who I am", mtype="chat")
        message["request_receipt"] = True
        message.send()
        answer = await self.spoken(contact)
        print("answered", answer["body"])
        received = await asyncio.wait_for(self.receipts.get(), PATIENCE)
        assert received["receipt"] == message["id"], received
        print("receipt")

    async def spoken(self, contact):
        while True:
            message = await asyncio.wait_for(self.said.get(), PATIENCE)
            if message["from"].bare == contact and message["type"] == "chat" and message["body"]:
                return message

    async def command(self):
        items = await self["xep_0050"].get_commands(self.gateway)
        nodes = [node for _, node, _ in items["disco_items"]["items"]]
        assert "messages" in nodes, nodes
        done = await self["xep_0050"].send_command(self.gateway, "messages")
        assert done["command"]["status"] == "completed", done
        assert "By a name I know not" in str(done), done
        print("commanded")


def main():
    jid, password, host, port, gateway, friend = sys.argv[1:]
    newcomer = Newcomer(jid, password, gateway, friend)
    newcomer.connect((host, int(port)), force_starttls=False, disable_starttls=True)
    newcomer.loop.run_until_complete(asyncio.wait_for(newcomer.disconnected, 90))
    if newcomer.failure:
        sys.exit(newcomer.failure)


main()
