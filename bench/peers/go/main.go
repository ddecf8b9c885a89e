// The Go driver, doing the tasks of the benchmark: URI TASK N.
//
// PEER_RAW=1 reads raw documents where documents are read.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	manyDocuments = 10_000
	// As many as the bare loop and the other clients have.
	connections = 64
)

var errWrong = errors.New("not the documents that were asked for")

type small struct {
	Field0  string `bson:"field0"`
	Field1  string `bson:"field1"`
	Field2  string `bson:"field2"`
	Field3  string `bson:"field3"`
	Field4  string `bson:"field4"`
	Field5  string `bson:"field5"`
	Field6  string `bson:"field6"`
	Field7  int32  `bson:"field7"`
	Field8  int32  `bson:"field8"`
	Field9  int32  `bson:"field9"`
	Field10 int32  `bson:"field10"`
	Field11 int32  `bson:"field11"`
	Field12 int32  `bson:"field12"`
}

// What a program takes of a tweet.
type tweet struct {
	ID           int32  `bson:"_id"`
	RetweetCount int32  `bson:"retweet_count"`
	CreatedAt    string `bson:"created_at"`
	Favorited    bool   `bson:"favorited"`
	Text         string `bson:"text"`
}

// What one document gives: its _id and the size of its created_at.
type reader func(decode func(any) error, raw bson.Raw) (int32, int, error)

func readDocument(decode func(any) error, _ bson.Raw) (int32, int, error) {
	var found bson.D
	if err := decode(&found); err != nil {
		return 0, 0, err
	}
	var id int32
	var size int
	for _, element := range found {
		switch element.Key {
		case "_id":
			id, _ = element.Value.(int32)
		case "created_at":
			text, _ := element.Value.(string)
			size = len(text)
		}
	}
	return id, size, nil
}

func readRaw(_ func(any) error, raw bson.Raw) (int32, int, error) {
	id, ok := raw.Lookup("_id").Int32OK()
	created, found := raw.Lookup("created_at").StringValueOK()
	if !ok || !found {
		return 0, 0, errWrong
	}
	return id, len(created), nil
}

func readStruct(decode func(any) error, _ bson.Raw) (int32, int, error) {
	var found tweet
	err := decode(&found)
	return found.ID, len(found.CreatedAt), err
}

type fixture struct {
	client      *mongo.Client
	smalls      []small
	document    reader
	concurrency int
}

func (on *fixture) collection(name string) *mongo.Collection {
	return on.client.Database("bench").Collection(name)
}

func (on *fixture) ping(ctx context.Context, count int) error {
	admin := on.client.Database("admin")
	for range count {
		if err := admin.RunCommand(ctx, bson.D{{Key: "ping", Value: 1}}).Err(); err != nil {
			return err
		}
	}
	return nil
}

func (on *fixture) findOne(ctx context.Context, count int, read reader) error {
	one := on.collection("one")
	for range count {
		began := beginLatency()
		found := one.FindOne(ctx, bson.D{{Key: "_id", Value: 1}})
		raw, err := found.Raw()
		if err != nil {
			return err
		}
		id, size, err := read(found.Decode, raw)
		if err == nil && (id != 1 || size == 0) {
			err = errWrong
		}
		if err != nil {
			return err
		}
		endLatency(began)
	}
	return nil
}

func (on *fixture) findMany(ctx context.Context, count int, read reader) error {
	many := on.collection("many")
	for range count {
		cursor, err := many.Find(ctx, bson.D{})
		if err != nil {
			return err
		}
		visited := 0
		for cursor.Next(ctx) {
			if _, size, err := read(cursor.Decode, cursor.Current); err != nil || size == 0 {
				return errors.Join(err, errWrong)
			}
			visited++
		}
		if err := cursor.Err(); err != nil {
			return err
		}
		if visited != manyDocuments {
			return errWrong
		}
	}
	return nil
}

func (on *fixture) insertOne(ctx context.Context, count int) error {
	inserted := on.collection("inserted")
	for range count {
		if _, err := inserted.InsertOne(ctx, &on.smalls[0]); err != nil {
			return err
		}
	}
	return nil
}

func (on *fixture) insertMany(ctx context.Context, count int) error {
	inserted := on.collection("inserted")
	for range count {
		done, err := inserted.InsertMany(ctx, on.smalls)
		if err != nil {
			return err
		}
		if len(done.InsertedIDs) != manyDocuments {
			return errWrong
		}
	}
	return nil
}

func (on *fixture) concurrently(ctx context.Context, count int) error {
	var each sync.WaitGroup
	failures := make([]error, on.concurrency)
	for at := range on.concurrency {
		each.Add(1)
		go func() {
			defer each.Done()
			failures[at] = on.findOne(ctx, count, on.document)
		}()
	}
	each.Wait()
	return errors.Join(failures...)
}

func (on *fixture) run(ctx context.Context, task string, count int) error {
	switch task {
	case "ping":
		return on.ping(ctx, count)
	case "find_one":
		return on.findOne(ctx, count, on.document)
	case "find_one_struct":
		return on.findOne(ctx, count, readStruct)
	case "insert_one":
		return on.insertOne(ctx, count)
	case "find_many":
		return on.findMany(ctx, count, on.document)
	case "find_many_struct":
		return on.findMany(ctx, count, readStruct)
	case "insert_many":
		return on.insertMany(ctx, count)
	case "conc":
		return on.concurrently(ctx, count)
	}
	return fmt.Errorf("no task %s", task)
}

func makeSmalls() []small {
	state := uint64(1)
	next := func() uint64 {
		state = state*6364136223846793005 + 1442695040888963407
		return state >> 33
	}
	text := func(length int) string {
		made := make([]byte, length)
		for at := range made {
			made[at] = byte('a' + next()%26)
		}
		return string(made)
	}
	number := func() int32 { return int32(next() % 100_000_000) }
	made := make([]small, manyDocuments)
	for at := range made {
		made[at] = small{text(15), text(15), text(15), text(15), text(15), text(15), text(14),
			number(), number(), number(), number(), number(), number()}
	}
	return made
}

func benchmark() error {
	given, err := parseArguments()
	if err != nil {
		return err
	}
	ctx := context.Background()
	client, err := mongo.Connect(options.Client().ApplyURI(given.uri).SetMaxPoolSize(connections))
	if err != nil {
		return err
	}
	// Made before the clock starts, as a program has its data.
	on := &fixture{client: client, smalls: makeSmalls(), document: readDocument,
		concurrency: given.concurrency}
	if os.Getenv("PEER_RAW") == "1" {
		on.document = readRaw
	}
	if given.warmUp != 0 {
		if err := on.run(ctx, given.task, given.warmUp); err != nil {
			return err
		}
	}
	latencies.taken = nil
	watch := startWatch()
	if err := on.run(ctx, given.task, given.count); err != nil {
		return err
	}
	watch.printResult(given.count * given.concurrency)
	return writeLatencies()
}

func main() {
	if err := benchmark(); err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}
