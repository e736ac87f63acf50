// A webhook receiver for Go, without packages: WEBHOOK_SECRET=whsec_... PORT=9000 go run receiver.go
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const maxBytes = 100_000
const tolerance = 5 * time.Minute

func isGenuine(header http.Header, body, key []byte) bool {
	id, sent := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(sent, 10, 64)
	age := time.Since(time.Unix(seconds, 0))
	if err != nil || id == "" || age > tolerance || age < -tolerance {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, sent, body)
	expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	// While a secret is exchanged there are two signatures, of which one fits.
	for _, signature := range strings.Split(header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(signature), []byte(expected)) {
			return true
		}
	}
	return false
}

func main() {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("WEBHOOK_SECRET"), "whsec_"))
	if err != nil || len(key) < 24 {
		log.Fatal("Set WEBHOOK_SECRET to the webhook's secret, whsec_...")
	}
	receive := func(answer http.ResponseWriter, request *http.Request) {
		// As it came: a body that was parsed and written anew has another signature.
		body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, maxBytes))
		if err != nil || !isGenuine(request.Header, body, key) {
			answer.WriteHeader(http.StatusUnauthorized)
			return
		}
		var event struct {
			ID, Type string
			Data     struct{ Job struct{ ID string } }
		}
		if json.Unmarshal(body, &event) != nil {
			answer.WriteHeader(http.StatusBadRequest)
			return
		}
		// It may come twice and out of order: remember event.ID, and drop a job's seq below the highest seen of it.
		fmt.Println(event.Type, event.Data.Job.ID)
		answer.WriteHeader(http.StatusNoContent) // At once. Longer work goes into a queue.
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "9000"
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on port", listener.Addr().(*net.TCPAddr).Port)
	server := http.Server{Handler: http.HandlerFunc(receive), ReadTimeout: 30 * time.Second}
	log.Fatal(server.Serve(listener))
}
