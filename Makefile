# Everything that a developer does here. `make` alone lists it.
# The work is done by deploy/local/happymail (Python's standard library only).

PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
HAPPYMAIL = PYTHONPATH=deploy/local exec $(PYTHON) -B -m happymail

.DEFAULT_GOAL := help
.PHONY: help install build run demo up down restart status logs \
	test unit integration load postman kafka-smoke format lint clean distclean helm-test debezium-test deploy-test diagrams documents

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: GATEWAY_PORT=8080, LOG_LEVEL=debug, KAFKA_TOPIC_PARTITIONS=3, NO_COLOR=1, DEMO_ONLY=1 (run),"
	@echo "  and to use servers that exist: KAFKA_BOOTSTRAP_SERVERS=host:9092 DATABASE_URL=postgres://… SMTP_URL=smtp://…"

install: ## install the system packages that are missing (Debian, Ubuntu)
	@deploy/local/install.sh

build: ## build the three services (debug, shared with the tests)
	@$(HAPPYMAIL) build

# With HAPPYMAIL_BIN the executables exist already.
ifdef HAPPYMAIL_BIN
READY_TO_RUN = install
else
READY_TO_RUN = install build
endif

run: $(READY_TO_RUN) ## build, start everything, play the eight steps, stay until Ctrl-C
	@$(HAPPYMAIL) run

demo: $(READY_TO_RUN) ## play the eight steps on the running system, or on one started for it
	@$(HAPPYMAIL) demo

up: $(READY_TO_RUN) ## build and start everything in the background
	@$(HAPPYMAIL) up

down: ## stop everything that was started here; data are kept
	@$(HAPPYMAIL) down

restart: ## stop and start one service: SERVICE=order
	@$(HAPPYMAIL) restart "$(SERVICE)"

status: ## what runs, where, and whether it is ready
	@$(HAPPYMAIL) status

logs: ## show the logs: SERVICE=order for one, FOLLOW=1 to go on
	@$(HAPPYMAIL) logs "$(SERVICE)" $(if $(FOLLOW),--follow)

test: $(if $(shell command -v $(PYTHON)),,install) ## every check and test, on servers of its own
	@$(HAPPYMAIL) test

unit: ## the tests that need no server
	@$(HAPPYMAIL) unit

integration: ## all Swift tests, on a PostgreSQL and a broker of their own: TEST_FILTER=regex
	@$(HAPPYMAIL) integration

helm-test: ## the checks and tests of the Helm chart
	@$(HAPPYMAIL) helm-test

postman: ## the Postman collection: BASE_URL=http://arch.homework
	@$(HAPPYMAIL) postman "$(BASE_URL)"

SECONDS ?= 20
CONNECTIONS ?= 16
USERS ?= 200

load: ## how many orders the running system takes, and what each costs: SECONDS=20 CONNECTIONS=16 USERS=200
	@$(HAPPYMAIL) load --seconds $(SECONDS) --connections $(CONNECTIONS) --users $(USERS)

kafka-smoke: ## the messaging tests and the demo against a real Kafka: BOOTSTRAP=host:9092
	@$(HAPPYMAIL) kafka-smoke "$(BOOTSTRAP)"

debezium-test: ## the flow with the real Debezium as the relay (downloads 210 MB the first time; needs Java)
	@$(HAPPYMAIL) debezium-test

deploy-test: ## the images, compose and a rolling restart on a Docker engine: some 12 minutes the first time, 2 later
	@deploy/local/install.sh docker
	@PYTHONPATH=deploy/local:deploy/tests exec $(PYTHON) -B -m deployment

diagrams: ## draw the pictures of docs/diagrams that have changed (needs plantuml)
	@$(PYTHON) -B deploy/checks/papers/diagrams.py

documents: ## check AsyncAPI, OpenAPI, pictures, links and named paths
	@$(HAPPYMAIL) documents

format: ## format the Swift sources
	@$(HAPPYMAIL) format

lint: ## check formatting and structure
	@$(HAPPYMAIL) lint

clean: ## stop everything and remove .local: data, mails, logs, tools
	@PYTHONPATH=deploy/local:deploy/tests $(PYTHON) -B -m deployment end
	@$(HAPPYMAIL) clean

distclean: clean ## and the build
	rm -rf .build
