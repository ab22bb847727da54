// Stands in for Kestrel, which is not to be had here: shows rendered middleware requests, and hands on what passes.
//
//     mono program.exe SITES
//
// A line of SITES is a port, the port of the server behind it, and secrets, with tabs between them; line N is for the
// middleware in the namespace PN.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

public static class StandIn
{
    private static readonly Encoding Latin1 = Encoding.GetEncoding(28591);

    public static void Main(string[] args)
    {
        string[] sites = File.ReadAllLines(args[0]);
        for (int i = 0; i < sites.Length; i++)
        {
            string[] site = sites[i].Split('\t');
            int upstream = int.Parse(site[1], CultureInfo.InvariantCulture);
            string[] secrets = new List<string>(site).GetRange(2, site.Length - 2).ToArray();
            Type type = Type.GetType("P" + i + ".McpCorsMiddleware", true);
            object logger = Activator.CreateInstance(typeof(Logger<>).MakeGenericType(type));
            RequestDelegate next = context => Forward((Context)context, upstream);
            object middleware = Activator.CreateInstance(type, next, logger, secrets);
            RequestDelegate invoke =
                (RequestDelegate)Delegate.CreateDelegate(typeof(RequestDelegate), middleware, "InvokeAsync");
            TcpListener listener = new TcpListener(IPAddress.Loopback, int.Parse(site[0], CultureInfo.InvariantCulture));
            listener.Start(100);
            new Thread(() => Accept(listener, invoke)).Start();
        }
    }

    private static void Accept(TcpListener listener, RequestDelegate invoke)
    {
        while (true)
        {
            TcpClient client = listener.AcceptTcpClient();
            new Thread(() =>
            {
                try
                {
                    using (client)
                    {
                        Serve(client, invoke);
                    }
                }
                catch (IOException)
                {
                    // The client has gone.
                }
            }).Start();
        }
    }

    private static void Serve(TcpClient client, RequestDelegate invoke)
    {
        NetworkStream stream = client.GetStream();
        string head = ReadHead(stream);
        if (head.Length == 0)
        {
            return;
        }
        Context context = Context.Parse(head, stream);
        if (context == null)
        {
            byte[] refusal = Latin1.GetBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            stream.Write(refusal, 0, refusal.Length);
            return;
        }
        try
        {
            invoke(context).GetAwaiter().GetResult();
            context.Answer.End();
        }
        catch (IOException)
        {
            throw;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error);
        }
    }

    internal static string ReadHead(Stream stream)
    {
        StringBuilder head = new StringBuilder();
        for (int one = stream.ReadByte(); one >= 0; one = stream.ReadByte())
        {
            head.Append((char)one);
            if (one == '\n' && head.Length >= 4 && head[head.Length - 2] == '\r' && head[head.Length - 3] == '\n')
            {
                return head.ToString(0, head.Length - 4);
            }
        }
        return "";
    }

    /// <summary>Hands a request on to the server behind the middleware, and its response back as it comes.</summary>
    private static Task Forward(Context context, int port)
    {
        HttpResponse response = context.Response;
        TcpClient server = new TcpClient();
        try
        {
            server.Connect(IPAddress.Loopback, port);
        }
        catch (SocketException)
        {
            response.StatusCode = 502;
            return Task.CompletedTask;
        }
        // When the page goes, the server is told.
        new Thread(() =>
        {
            context.UntilGone();
            server.Close();
        }) { IsBackground = true }.Start();
        using (server)
        {
            Stream stream = new BufferedStream(server.GetStream());
            byte[] request = context.AsRequest();
            stream.Write(request, 0, request.Length);
            stream.Flush();
            string head = "";
            try
            {
                head = ReadHead(stream);
            }
            catch (IOException)
            {
                // As if it had closed the connection.
            }
            if (head.Length == 0)
            {
                response.StatusCode = 502;
                return Task.CompletedTask;
            }
            string[] lines = head.Split(new string[] { "\r\n" }, StringSplitOptions.None);
            response.StatusCode = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
            bool chunked = false;
            for (int i = 1; i < lines.Length; i++)
            {
                string name = lines[i].Substring(0, lines[i].IndexOf(':'));
                string value = lines[i].Substring(name.Length + 1).Trim();
                chunked |= name.ToLowerInvariant() == "transfer-encoding";
                if (!Context.NotOn.Contains(name))
                {
                    Headers.Add(response.Headers, name, value);
                }
            }
            if (context.Request.Method != "HEAD" && response.StatusCode != 204 && response.StatusCode != 304)
            {
                Copy(stream, chunked, response.Body);
            }
        }
        return Task.CompletedTask;
    }

    private static void Copy(Stream from, bool chunked, Stream to)
    {
        to.Flush();
        byte[] bytes = new byte[65536];
        while (true)
        {
            int left = chunked ? int.Parse(ReadLine(from), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : bytes.Length;
            if (left == 0)
            {
                return;
            }
            while (left > 0)
            {
                int length = from.Read(bytes, 0, Math.Min(left, bytes.Length));
                if (length == 0)
                {
                    return;
                }
                left -= chunked ? length : 0;
                to.Write(bytes, 0, length);
                to.Flush();
            }
            ReadLine(from);
        }
    }

    private static string ReadLine(Stream stream)
    {
        StringBuilder line = new StringBuilder();
        for (int one = stream.ReadByte(); one >= 0 && one != '\n'; one = stream.ReadByte())
        {
            line.Append((char)one);
        }
        return line.ToString().Trim();
    }

    private sealed class Logger<T> : ILogger<T>
    {
        public void Write(string line)
        {
            Console.WriteLine(line);
        }
    }

    private sealed class Headers : Dictionary<string, StringValues>, IHeaderDictionary
    {
        public Headers() : base(StringComparer.OrdinalIgnoreCase)
        {
        }

        public static void Add(IHeaderDictionary headers, string name, string value)
        {
            StringValues given;
            headers.TryGetValue(name, out given);
            List<string> values = new List<string>(given.ToArray());
            values.Add(value);
            headers[name] = new StringValues(values.ToArray());
        }
    }

    private sealed class Context : HttpContext, IFeatureCollection, IHttpRequestFeature
    {
        public static readonly HashSet<string> NotOn = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
        {
            "connection", "keep-alive", "transfer-encoding", "upgrade", "origin", "access-control-request-method",
            "access-control-request-headers",
        };

        private readonly Dictionary<Type, object> features = new Dictionary<Type, object>();
        private readonly NetworkStream stream;
        private readonly ServerRequest request = new ServerRequest();
        private byte[] body = new byte[0];

        private Context(NetworkStream stream)
        {
            this.stream = stream;
            Answer = new ServerResponse(this, stream);
            features[typeof(IHttpRequestFeature)] = this;
        }

        public readonly ServerResponse Answer;
        public override HttpRequest Request { get { return request; } }
        public override HttpResponse Response { get { return Answer; } }
        public override IFeatureCollection Features { get { return this; } }
        public override ConnectionInfo Connection { get { return new Loopback(); } }
        public override CancellationToken RequestAborted { get; set; }
        public string RawTarget { get; set; }

        public TFeature Get<TFeature>()
        {
            object found;
            features.TryGetValue(typeof(TFeature), out found);
            return (TFeature)found;
        }

        public void Set<TFeature>(TFeature instance)
        {
            features[typeof(TFeature)] = instance;
        }

        /// <summary>A request; null when it cannot be read.</summary>
        public static Context Parse(string head, NetworkStream stream)
        {
            string[] lines = head.Split(new string[] { "\r\n" }, StringSplitOptions.None);
            string[] first = lines[0].Split(' ');
            if (first.Length != 3 || head.Replace("\r\n", "").IndexOfAny(new char[] { '\0', '\r', '\n' }) >= 0)
            {
                return null;
            }
            Context context = new Context(stream) { RawTarget = first[1] };
            context.request.Method = first[0];
            context.request.Scheme = "http";
            int query = first[1].IndexOf('?');
            context.request.QueryString = new QueryString(query < 0 ? "" : first[1].Substring(query));
            for (int i = 1; i < lines.Length; i++)
            {
                int colon = lines[i].IndexOf(':');
                if (colon <= 0 || lines[i].Substring(0, colon).IndexOf(' ') >= 0)
                {
                    return null;
                }
                Headers.Add(context.request.Headers, lines[i].Substring(0, colon), lines[i].Substring(colon + 1).Trim(' ', '\t'));
            }
            StringValues length;
            if (context.request.Headers.TryGetValue("Content-Length", out length))
            {
                context.body = new byte[int.Parse(length.ToArray()[0], CultureInfo.InvariantCulture)];
                for (int at = 0; at < context.body.Length;)
                {
                    at += stream.Read(context.body, at, context.body.Length - at);
                }
            }
            context.Set<IHttpResponseBodyFeature>(context.Answer);
            return context;
        }

        public byte[] AsRequest()
        {
            StringBuilder head = new StringBuilder();
            head.Append(request.Method + " " + RawTarget.Split('?')[0] + request.QueryString.Value + " HTTP/1.1\r\n");
            head.Append(request.Headers.ContainsKey("host") ? "" : "host: 127.0.0.1\r\n").Append("connection: close\r\n");
            foreach (KeyValuePair<string, StringValues> header in request.Headers)
            {
                if (NotOn.Contains(header.Key) || header.Key.ToLowerInvariant().StartsWith("sec-fetch-", StringComparison.Ordinal))
                {
                    continue;
                }
                foreach (string value in header.Value.ToArray())
                {
                    head.Append(header.Key + ": " + value + "\r\n");
                }
            }
            List<byte> all = new List<byte>(Latin1.GetBytes(head.Append("\r\n").ToString()));
            all.AddRange(body);
            return all.ToArray();
        }

        public void UntilGone()
        {
            try
            {
                while (stream.ReadByte() >= 0)
                {
                }
            }
            catch (IOException)
            {
                // It has.
            }
            catch (ObjectDisposedException)
            {
                // The answer is complete.
            }
        }
    }

    private sealed class Loopback : ConnectionInfo
    {
        public override IPAddress LocalIpAddress { get { return IPAddress.Loopback; } set { } }
    }

    private sealed class ServerRequest : HttpRequest
    {
        private readonly Headers headers = new Headers();
        public override string Method { get; set; }
        public override string Scheme { get; set; }
        public override PathString PathBase { get; set; }
        public override PathString Path { get; set; }
        public override QueryString QueryString { get; set; }
        public override IHeaderDictionary Headers { get { return headers; } }
    }

    /// <summary>What is written is sent at once, behind a head that the callbacks have seen, the last one first.</summary>
    private sealed class ServerResponse : HttpResponse, IHttpResponseBodyFeature
    {
        private readonly Context context;
        private readonly Stack<Func<Task>> callbacks = new Stack<Func<Task>>();
        private readonly Headers headers = new Headers();
        private readonly Stream stream;
        private bool started;
        private bool chunked;

        public ServerResponse(Context context, Stream stream)
        {
            this.context = context;
            this.stream = stream;
            StatusCode = 200;
        }

        public override int StatusCode { get; set; }
        public override IHeaderDictionary Headers { get { return headers; } }
        public override bool HasStarted { get { return started; } }
        public override Stream Body { get { return context.Get<IHttpResponseBodyFeature>().Stream; } set { } }
        public Stream Stream { get { return new BodyStream(this); } }
        public PipeWriter Writer { get { return new PipeWriter(); } }

        public override long? ContentLength
        {
            get { return null; }
            set
            {
                headers.Remove("Content-Length");
                if (value != null)
                {
                    headers["Content-Length"] = value.Value.ToString(CultureInfo.InvariantCulture);
                }
            }
        }

        public override string ContentType
        {
            get { return string.Join(", ", headers["Content-Type"].ToArray()); }
            set { headers["Content-Type"] = value; }
        }

        public override void OnStarting(Func<Task> callback)
        {
            callbacks.Push(callback);
        }

        private bool HasBody
        {
            get { return context.Request.Method != "HEAD" && StatusCode != 204 && StatusCode != 304; }
        }

        private void Start(bool empty)
        {
            if (started)
            {
                return;
            }
            while (callbacks.Count > 0)
            {
                callbacks.Pop()().GetAwaiter().GetResult();
            }
            started = true;
            if (empty && HasBody && !headers.ContainsKey("Content-Length"))
            {
                headers["Content-Length"] = "0";
            }
            chunked = HasBody && !headers.ContainsKey("Content-Length");
            StringBuilder head = new StringBuilder("HTTP/1.1 " + StatusCode + " S\r\nConnection: close\r\n");
            head.Append(chunked ? "Transfer-Encoding: chunked\r\n" : "");
            foreach (KeyValuePair<string, StringValues> header in headers)
            {
                foreach (string value in header.Value.ToArray())
                {
                    head.Append(header.Key + ": " + value + "\r\n");
                }
            }
            byte[] bytes = Latin1.GetBytes(head.Append("\r\n").ToString());
            stream.Write(bytes, 0, bytes.Length);
        }

        public void Send(byte[] bytes, int offset, int count)
        {
            Start(false);
            if (!HasBody || count == 0)
            {
                return;
            }
            byte[] size = Latin1.GetBytes(chunked ? count.ToString("x", CultureInfo.InvariantCulture) + "\r\n" : "");
            byte[] end = Latin1.GetBytes(chunked ? "\r\n" : "");
            stream.Write(size, 0, size.Length);
            stream.Write(bytes, offset, count);
            stream.Write(end, 0, end.Length);
        }

        public void End()
        {
            Start(true);
            byte[] end = Latin1.GetBytes(chunked ? "0\r\n\r\n" : "");
            stream.Write(end, 0, end.Length);
        }

        private sealed class BodyStream : MemoryStream
        {
            private readonly ServerResponse response;

            public BodyStream(ServerResponse response)
            {
                this.response = response;
            }

            public override void Write(byte[] buffer, int offset, int count)
            {
                response.Send(buffer, offset, count);
            }

            public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellation)
            {
                response.Send(buffer, offset, count);
                return Task.CompletedTask;
            }

            public override void Flush()
            {
                response.Send(new byte[0], 0, 0);
            }

            public override Task FlushAsync(CancellationToken cancellation)
            {
                Flush();
                return Task.CompletedTask;
            }
        }
    }
}
