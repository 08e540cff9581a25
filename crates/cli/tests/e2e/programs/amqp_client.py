"""A program's connection to RabbitMQ, with pika: objects are declared as its profile has them."""

import re

import pika


class Client:
    """A connection to a broker on this machine. A copy of the program has a number of its own."""

    def __init__(self, port, amqp, me, number):
        self.amqp, self.me, self.number = amqp, me, number
        parameters = pika.ConnectionParameters("127.0.0.1", port, heartbeat=600)
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        self.shared, self.found = None, []

    def subscribe(self, exchanges):
        for exchange in exchanges:
            self.declare(exchange)
            queue = self.queue(exchange)
            self.channel.queue_bind(queue, exchange, routing_key=self.key(exchange))
        if self.shared:
            self.consume(self.shared)

    def publish(self, exchange, payload, retain=False):
        mode = self.amqp["delivery_mode"]
        properties = pika.BasicProperties(delivery_mode=mode) if mode else None
        self.channel.basic_publish(exchange, self.key(exchange), payload.encode(), properties)

    def messages(self, timeout):
        """Returns what has arrived within so many seconds, as exchanges and payloads."""
        if not self.found:
            self.connection.process_data_events(time_limit=max(timeout, 0))
        found, self.found = self.found, []
        return found

    def declare(self, exchange):
        rules = self.amqp["exchange"]
        self.channel.exchange_declare(exchange, exchange_type=rules["kind"],
                                      durable=rules["durable"], auto_delete=rules["auto_delete"])

    def queue(self, exchange):
        if self.amqp["queue"] == "shared-unnamed":
            if self.shared is None:
                self.shared = self.channel.queue_declare("", exclusive=True).method.queue
            return self.shared
        name = self.amqp["queue"]
        if "{id}" not in name:
            # Their number is written into them, in another way in each copy.
            name = re.sub(r"\d+", str(self.number), name)
        name = name.replace("{exchange}", exchange).replace("{id}", str(self.me))
        self.channel.queue_declare(name, durable=self.amqp["durable"],
                                   exclusive=self.amqp["exclusive"])
        self.consume(name)
        return name

    def consume(self, queue):
        self.channel.basic_consume(queue, self.on_message, auto_ack=True)

    def on_message(self, channel, method, properties, body):
        self.found.append((method.exchange, body))

    def key(self, exchange):
        return self.amqp["routing_key"].replace("{exchange}", exchange)
