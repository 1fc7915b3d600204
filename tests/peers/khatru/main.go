// Runs another project's relay: khatru on badger, with NIP-77. Arguments: the port and the folder of the database.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/fiatjaf/eventstore/badger"
	"github.com/fiatjaf/khatru"
)

func main() {
	port, folder := os.Args[1], os.Args[2]
	// It sends a quarter of its maximum to a client that asks for more.
	store := badger.BadgerBackend{Path: folder, MaxLimit: 100}
	if err := store.Init(); err != nil {
		log.Fatal(err)
	}
	// Otherwise it lists only as many events in a reconciliation as it gives in one answer.
	store.MaxLimitNegentropy = 1_000_000
	relay := khatru.NewRelay()
	relay.Negentropy = true
	relay.StoreEvent = append(relay.StoreEvent, store.SaveEvent)
	relay.ReplaceEvent = append(relay.ReplaceEvent, store.ReplaceEvent)
	relay.QueryEvents = append(relay.QueryEvents, store.QueryEvents)
	relay.CountEvents = append(relay.CountEvents, store.CountEvents)
	relay.DeleteEvent = append(relay.DeleteEvent, store.DeleteEvent)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, relay))
}
